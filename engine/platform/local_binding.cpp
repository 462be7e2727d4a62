#include "engine/platform/local_binding.hpp"

#include <fmt/format.h>

#include <array>

#include "engine/platform/database_url.hpp"

namespace pgconvoy {
namespace {

// part of a binding -> keyword of libpq; the password is kept apart.
constexpr std::array<std::pair<const char*, const char*>, 4> kSingleParts{
    {{"host", "host"}, {"port", "port"}, {"user", "user"}, {"database", "dbname"}}};

std::string keyword_of(const ConnectionSpec& connection, const std::string& name) {
  const auto found = connection.keywords.find(name);
  return found == connection.keywords.end() ? "" : found->second;
}

std::string host_or_address(const ConnectionSpec& connection) {
  const std::string host = keyword_of(connection, "host");
  return host.empty() ? keyword_of(connection, "hostaddr") : host;
}

std::string port_or_default(const ConnectionSpec& connection) {
  const std::string port = keyword_of(connection, "port");
  return port.empty() ? "5432" : port;
}

bool same_place(const ConnectionSpec& a, const ConnectionSpec& b) {
  return host_or_address(a) == host_or_address(b) && port_or_default(a) == port_or_default(b) &&
         keyword_of(a, "user") == keyword_of(b, "user") && keyword_of(a, "dbname") == keyword_of(b, "dbname") &&
         a.password == b.password && keyword_of(a, "hostaddr").empty() == keyword_of(b, "hostaddr").empty();
}

bool binds_part(const Binding& binding, const std::string& part) {
  for (const auto& [variable, held] : binding.variables)
    if (held == part) return true;
  return false;
}

Result<std::string> single_part(const ConnectionSpec& connection, const std::string& part) {
  if (part == "password") return connection.password.reveal();
  if (part == "port") return port_or_default(connection);
  const std::string value =
      part == "host" ? host_or_address(connection) : keyword_of(connection, part == "user" ? "user" : "dbname");
  if (value.empty()) return Error(ErrorKind::usage, fmt::format("the new connection has no {}", part));
  return value;
}

// The same URL elsewhere. One without password stays so when the password has a variable of its own.
Result<std::string> url_for(const std::string& old, const Binding& binding, ConnectionSpec connection) {
  for (const char* part : {"host", "user", "database"}) TRY_VOID(single_part(connection, part));
  ConnectionSpec held;
  if (!old.empty()) {
    auto parsed = parse_database_url(binding.instance, old);
    if (parsed) held = *std::move(parsed);
    if (parsed && held.password.empty() && binds_part(binding, "password")) connection.password = Secret();
    if (!held.password.empty() && connection.password.empty())
      return Error(ErrorKind::refused, "it holds a password, and the new connection has none");
  }
  if (same_place(held, connection)) return old;
  return replace_in_url(old, connection);
}

}  // namespace

Result<ConnectionSpec> read_from(const EnvFile& file, const Binding& binding, const std::string& where) {
  ConnectionSpec connection;
  connection.server = binding.instance;
  bool found = false;
  for (const auto& [variable, part] : binding.variables) {
    const auto value = file.get(variable);
    if (part != "url" || found || !value || value->empty()) continue;
    auto parsed = parse_database_url(binding.instance, *value);
    if (!parsed)
      return Error(ErrorKind::corrupt,
                   fmt::format("{}: {} doesn't hold the URL of a PostgreSQL database", where, variable),
                   fmt::format("correct {} in that file, or the part that the fleet says it holds", variable));
    connection = *std::move(parsed);
    found = true;
  }
  for (const auto& [variable, part] : binding.variables) {
    const auto value = file.get(variable);
    if (part == "url" || !value || value->empty()) continue;
    found = true;
    if (part == "password" && connection.password.empty()) connection.password = Secret(*value);
    for (const auto& [name, libpq_name] : kSingleParts)
      if (part == name) connection.keywords.try_emplace(libpq_name, *value);
  }
  if (found) return connection;
  std::string names;
  for (const auto& [variable, part] : binding.variables) names += (names.empty() ? "" : ", ") + variable;
  return Error(ErrorKind::not_found,
               fmt::format("{}: no variable of the binding to {} is set ({})", where, binding.instance, names),
               "set them in that file, or correct the binding in the fleet file");
}

Result<void> write_into(EnvFile& file, const Binding& binding, const ConnectionSpec& connection,
                        const std::string& where) {
  EnvFile changed = file;
  for (const auto& [variable, part] : binding.variables) {
    const auto label = [&] { return fmt::format("{}: {} can't be set, nothing was changed", where, variable); };
    const std::string old = file.get(variable).value_or("");
    auto value = part == "url" ? url_for(old, binding, connection) : single_part(connection, part);
    if (!value) return std::move(value).error().within(label());
    if (part == "password" && value->empty() && !old.empty())
      return Error(ErrorKind::refused, label() + ": it holds a password, and the new connection has none");
    if (!EnvFile::can_hold(*value))
      return Error(ErrorKind::refused, label() + ": its value would contain a line break or a zero byte",
                   "set another password for the role");
    if (file.get(variable) != *value) changed.set(variable, *value);
  }
  file = std::move(changed);
  return {};
}

std::map<std::string, std::string> places_in(const EnvFile& file, const Binding& binding) {
  std::map<std::string, std::string> places;
  for (const auto& [variable, part] : binding.variables) {
    const auto value = file.get(variable);
    if (!value || value->empty()) continue;
    if (part == "url") {
      auto parsed = parse_database_url(binding.instance, *value);
      places[variable] = parsed ? parsed->address() + "/" + keyword_of(*parsed, "dbname") : "not a PostgreSQL URL";
    } else if (part != "user" && part != "password") {
      places[variable] = *value;
    }
  }
  return places;
}

}  // namespace pgconvoy
