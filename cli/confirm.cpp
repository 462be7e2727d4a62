#include "cli/confirm.hpp"

#include <iostream>

#include "cli/output.hpp"

namespace pgconvoy::cli {

Result<void> can_confirm(bool yes) {
  if (yes || stdin_is_terminal()) return {};
  return Error(ErrorKind::usage, "this asks before it changes anything, and there is no terminal to ask on",
               "look at pgconvoy plan first, then add --yes");
}

bool confirm(const std::string& question) {
  write_error(question + " [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace pgconvoy::cli
