#include "engine/core/host.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "engine/core/printable.hpp"

namespace pgconvoy {

std::string this_host() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

std::string this_operator() {
  const passwd* account = getpwuid(geteuid());
  std::string name = account != nullptr ? account->pw_name : "uid " + std::to_string(geteuid());
  const char* before = std::getenv("SUDO_USER");
  if (before != nullptr && *before != '\0' && name != before) name = printable(before) + " (as " + name + ")";
  return name + "@" + this_host();
}

}  // namespace pgconvoy
