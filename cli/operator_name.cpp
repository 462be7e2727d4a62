#include "cli/operator_name.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "engine/core/printable.hpp"

namespace pgconvoy::cli {

std::string operator_name() {
  char host[256] = {};
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  const passwd* account = getpwuid(geteuid());
  std::string name = account != nullptr ? account->pw_name : "uid " + std::to_string(geteuid());
  const char* before = std::getenv("SUDO_USER");
  if (before != nullptr && *before != '\0' && name != before) name = printable(before) + " (as " + name + ")";
  return name + "@" + host;
}

}  // namespace pgconvoy::cli
