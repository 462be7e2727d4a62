#include "engine/core/host.hpp"

#include <unistd.h>

namespace pgconvoy {

std::string this_host() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

}  // namespace pgconvoy
