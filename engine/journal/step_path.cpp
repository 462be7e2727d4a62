#include "engine/journal/step_path.hpp"

namespace pgconvoy {

// Names of operations and brackets hold no '/', '#' or '@', a subject may.
std::string operation_of(const std::string& path) {
  const std::string before = path.substr(0, path.find('@'));
  const std::string last = before.substr(before.rfind('/') + 1);
  return last.substr(0, last.find('#'));
}

std::string subject_of(const std::string& path) {
  const std::size_t at = path.find('@');
  return at == std::string::npos ? "" : path.substr(at + 1);
}

}  // namespace pgconvoy
