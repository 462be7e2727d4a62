#include "engine/postgres/connection.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "engine/core/percent.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kWaysToGiveAPassword =
    "give the password through PGPASSWORD, a passfile (~/.pgpass or passfile=FILE) or the fleet file's credentials";

// libpq quotes what it could not parse, and what it could not parse may be a part of the password.
std::string without_quotations(std::string message, const std::string& text) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower.find("pass") == std::string::npos && lower.find('@') == std::string::npos) return printable(message);
  const auto from = message.find('"'), to = message.rfind('"');
  if (from != std::string::npos && to > from) message.replace(from + 1, to - from - 1, "...");
  return printable(message);
}

Result<ConnectionSpec> parse(const std::string& server, const std::string& text, bool with_password) {
  if (text.find('\0') != std::string::npos)
    return Error(ErrorKind::usage, "the connection string contains a zero byte").on(server);
  char* reason = nullptr;
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(text.c_str(), &reason),
                                                                       PQconninfoFree);
  std::unique_ptr<char, decltype(&PQfreemem)> reason_owner(reason, PQfreemem);
  if (!options)
    return Error(
               ErrorKind::usage,
               fmt::format("not a connection string: {}", without_quotations(reason ? reason : "out of memory", text)),
               "write postgresql://user@host:port/database or host=... port=... user=... dbname=...")
        .on(server);
  ConnectionSpec spec;
  spec.server = server;
  for (const auto* option = options.get(); option->keyword; ++option) {
    if (!option->val || !*option->val) continue;
    if (option->dispchar[0] != '*') {
      spec.keywords[option->keyword] = option->val;
    } else if (std::string(option->keyword) != "password") {
      return Error(ErrorKind::usage, fmt::format("{} is not supported in a connection string", option->keyword))
          .on(server);
    } else if (!with_password) {
      return Error(ErrorKind::usage, "a connection string must not contain a password", kWaysToGiveAPassword)
          .on(server);
    } else {
      spec.password = Secret(option->val);
    }
  }
  return spec;
}

std::string keyword(const ConnectionSpec& spec, const char* name) {
  auto found = spec.keywords.find(name);
  return found == spec.keywords.end() ? "" : found->second;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= list.size();) {
    const auto to = std::min(list.find(',', from), list.size());
    parts.push_back(list.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

// "host:port", for each host of a list. `encode` as a URL wants it.
std::string hosts_and_ports(const ConnectionSpec& spec, bool encode) {
  auto list = keyword(spec, "host");
  if (list.empty()) list = keyword(spec, "hostaddr");
  const auto hosts = split(list);
  const auto ports = split(keyword(spec, "port"));
  std::string text;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (i > 0) text += ',';
    const bool address6 = hosts[i].find(':') != std::string::npos && hosts[i].find('/') == std::string::npos;
    text += address6 ? '[' + hosts[i] + ']' : encode ? percent_encoded(hosts[i]) : hosts[i];
    const auto& port = ports.size() == hosts.size() ? ports[i] : ports[0];
    if (!port.empty())
      text += ':' + port;
    else if (!encode)
      text += ":5432";
  }
  return text;
}

}  // namespace

ConnectionSpec ConnectionSpec::with_database(const std::string& database) const {
  auto copy = *this;
  copy.keywords["dbname"] = database;
  return copy;
}

ConnectionSpec ConnectionSpec::with_user(const std::string& user, Secret user_password) const {
  auto copy = *this;
  copy.keywords["user"] = user;
  copy.password = std::move(user_password);
  return copy;
}

ConnectionSpec with_keepalives(ConnectionSpec connection, bool knows_user_timeout) {
  auto& keywords = connection.keywords;
  if (keywords.contains("service")) return connection;
  keywords.try_emplace("keepalives_idle", "10");
  keywords.try_emplace("keepalives_interval", "5");
  keywords.try_emplace("keepalives_count", "4");
  // Milliseconds. Not less: a server whose disk stands still for half a minute takes no rows either, and comes back.
  if (knows_user_timeout) keywords.try_emplace("tcp_user_timeout", "60000");
  return connection;
}

const std::vector<std::pair<std::string, std::string>>& server_keepalives() {
  static const std::vector<std::pair<std::string, std::string>> settings{
      {"tcp_keepalives_idle", "10"}, {"tcp_keepalives_interval", "5"}, {"tcp_keepalives_count", "4"}};
  return settings;
}

std::string ConnectionSpec::conninfo() const {
  std::string text;
  for (const auto& [name, value] : keywords) {
    if (name == "password") continue;
    if (!text.empty()) text += ' ';
    text += name + "='";
    for (char character : value) {
      if (character == '\'' || character == '\\') text += '\\';
      text += character;
    }
    text += '\'';
  }
  return text;
}

std::string ConnectionSpec::address() const {
  if (keyword(*this, "host").empty() && keyword(*this, "hostaddr").empty()) {
    if (auto service = keyword(*this, "service"); !service.empty()) return "service " + service;
    const auto port = keyword(*this, "port");
    return "local:" + (port.empty() ? "5432" : port);
  }
  return hosts_and_ports(*this, false);
}

Result<ConnectionSpec> parse_connection(const std::string& server, const std::string& text) {
  return parse(server, text, false);
}

Result<ConnectionSpec> with_service_written_out(ConnectionSpec spec) {
  const std::string service = keyword(spec, "service");
  if (service.empty()) return spec;
  // Nothing in libpq reads the file without beginning to connect; the attempt is dropped at once.
  const char* const names[] = {"service", nullptr};
  const char* const values[] = {service.c_str(), nullptr};
  std::unique_ptr<PGconn, decltype(&PQfinish)> attempt(PQconnectStartParams(names, values, 0), PQfinish);
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(attempt ? PQconninfo(attempt.get()) : nullptr,
                                                                       PQconninfoFree);
  const std::string complaint = attempt ? PQerrorMessage(attempt.get()) : "out of memory";
  if (!options || complaint.find("service") != std::string::npos)
    return Error(ErrorKind::usage, printable(complaint),
                 "write the service into ~/.pg_service.conf or into the file that PGSERVICEFILE names")
        .on(spec.server);
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> defaults(PQconndefaults(), PQconninfoFree);
  std::map<std::string, std::string> usual;
  for (const auto* option = defaults.get(); option && option->keyword; ++option)
    if (option->val) usual[option->keyword] = option->val;
  for (const auto* option = options.get(); option->keyword; ++option) {
    if (!option->val || !*option->val) continue;
    if (const auto known = usual.find(option->keyword); known != usual.end() && known->second == option->val) continue;
    // Without one in the service it is the user's name, which is nobody's wish.
    if (std::string(option->keyword) == "dbname" && PQuser(attempt.get()) && std::string(PQuser(attempt.get())) == option->val)
      continue;
    if (option->dispchar[0] != '*')
      spec.keywords.try_emplace(option->keyword, option->val);
    else if (std::string(option->keyword) == "password" && spec.password.empty())
      spec.password = Secret(option->val);
  }
  spec.keywords.erase("service");
  return spec;
}

Result<ConnectionSpec> parse_connection_with_password(const std::string& server, const std::string& text) {
  return parse(server, text, true);
}

Secret make_url(const ConnectionSpec& connection) {
  std::string url = "postgresql://";
  if (auto user = keyword(connection, "user"); !user.empty()) {
    url += percent_encoded(user);
    if (!connection.password.empty()) url += ':' + percent_encoded(connection.password.reveal());
    url += '@';
  }
  url += hosts_and_ports(connection, true);
  url += '/' + percent_encoded(keyword(connection, "dbname"));
  char separator = '?';
  for (const auto& [name, value] : connection.keywords) {
    const bool stands_already = name == "user" || name == "host" || name == "port" || name == "dbname" ||
                                name == "password" || (name == "hostaddr" && keyword(connection, "host").empty());
    if (stands_already) continue;
    url += separator + name + '=' + percent_encoded(value);
    separator = '&';
  }
  return Secret(url);
}

}  // namespace pgconvoy
