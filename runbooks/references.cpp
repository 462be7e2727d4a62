#include "runbooks/references.hpp"

namespace pgconvoy {

References references_in(std::string_view text) {
  References result;
  std::size_t at = 0;
  while ((at = text.find("${", at)) != std::string_view::npos) {
    const std::size_t close = text.find('}', at);
    if (close == std::string_view::npos) {
      result.unclosed = true;
      return result;
    }
    result.names.emplace_back(text.substr(at + 2, close - at - 2));
    if (at == 0 && close + 1 == text.size()) result.whole = result.names.back();
    at = close + 1;
  }
  return result;
}

}  // namespace pgconvoy
