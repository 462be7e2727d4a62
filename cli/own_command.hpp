// This program, called once more with other arguments: what is typed into a full screen goes the way of the command that does it.
#pragma once

#include <string>
#include <vector>

namespace pgconvoy::cli {

struct OwnAnswer {
  int code = 0;
  std::string text;  // both of its outputs
};

// Waits for its end. No input, no colours.
OwnAnswer call_own_program(const std::vector<std::string>& arguments);

}  // namespace pgconvoy::cli
