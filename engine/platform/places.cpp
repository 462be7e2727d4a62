#include "engine/platform/places.hpp"

#include <algorithm>

namespace pgconvoy {
namespace {

std::string normal_address(std::string address) {
  std::transform(address.begin(), address.end(), address.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t colon = address.rfind(':');
  const std::string host = address.substr(0, colon), port = colon == std::string::npos ? "" : address.substr(colon);
  return (host == "localhost" || host == "::1" || host == "[::1]" ? "127.0.0.1" : host) + port;
}

Binding with_variables(const Binding& binding, std::map<std::string, std::string> variables) {
  Binding part;
  part.instance = binding.instance;
  part.variables = std::move(variables);
  return part;
}

}  // namespace

bool same_address(const std::string& one, const std::string& other) { return normal_address(one) == normal_address(other); }

std::string address_of(const Pooler& pooler) {
  const auto said = parse_connection(pooler.id, pooler.url);
  return said ? said->address() : "";
}

Task<Result<std::map<std::string, ConnectionSpec>>> places_of_variables(AppController& controller, Environment environment,
                                                                        Binding binding) {
  std::map<std::string, ConnectionSpec> places;
  if (!controller.controls_application()) co_return places;
  std::map<std::string, std::string> parts;
  for (const auto& [variable, part] : binding.variables)
    if (part != "url") parts[variable] = part;
  for (const auto& [variable, part] : binding.variables) {
    if (part == "user" || part == "password") continue;
    const Binding single = with_variables(binding, {{variable, part}});
    auto now = co_await controller.read_binding(environment, single);
    if (!now && now.error().kind == ErrorKind::not_found) continue;  // not set
    if (!now) co_return now.error();
    if (part != "url") {
      const Binding together = with_variables(binding, parts);
      CO_TRY(*now, co_await controller.read_binding(environment, together));
      // Where only the port or the name has a variable of its own, the rest comes from the URL.
      if (!now->keywords.contains("host") && !now->keywords.contains("hostaddr")) {
        CO_TRY(*now, co_await controller.read_binding(environment, binding));
      }
    }
    places[variable] = *std::move(now);
  }
  co_return places;
}

}  // namespace pgconvoy
