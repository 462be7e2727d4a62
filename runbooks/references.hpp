// References to a runbook's parameters inside of text: "${name}".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgconvoy {

struct References {
  std::vector<std::string> names;    // in order
  std::optional<std::string> whole;  // the name, when the text is one reference and nothing else
  bool unclosed = false;             // a "${" without its "}"
};

References references_in(std::string_view text);

}  // namespace pgconvoy
