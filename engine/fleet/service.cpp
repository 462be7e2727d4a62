#include "engine/fleet/service.hpp"

#include <charconv>

namespace pgconvoy {

int major_of_service(std::string_view service) {
  constexpr std::size_t kMostDigits = 3;
  const std::size_t before = service.find_last_not_of("0123456789");
  if (before == std::string_view::npos) return 0;
  const std::string_view digits = service.substr(before + 1);
  int major = 0;
  if (digits.empty() || digits.size() > kMostDigits) return 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), major);
  return major;
}

}  // namespace pgconvoy
