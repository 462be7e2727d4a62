#include "engine/platform/database_url.hpp"
#include "engine/core/percent.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace pgconvoy {
namespace {

struct DatabaseUrlParts {
  std::string scheme = "postgresql";
  std::string authority;                                        // user:password@host:port
  std::string path;                                             // without the first slash
  std::vector<std::pair<std::string, std::string>> parameters;  // as written, still encoded
};

DatabaseUrlParts split_database_url(std::string_view url) {
  DatabaseUrlParts parts;
  if (!looks_like_url(std::string(url))) return parts;
  const auto scheme_end = url.find("://");
  parts.scheme = url.substr(0, scheme_end);
  url.remove_prefix(scheme_end + 3);
  // libpq looks for the @ first, up to a slash: a password may hold a question mark.
  const auto at = url.find_first_of("@/");
  const auto host = at != std::string_view::npos && url[at] == '@' ? at + 1 : 0;
  const auto host_end = std::min(url.find_first_of("/?", host), url.size());
  parts.authority = url.substr(0, host_end);
  url.remove_prefix(host_end);
  const auto question = std::min(url.find('?'), url.size());
  if (question > 0) parts.path = url.substr(1, question - 1);
  url.remove_prefix(std::min(question + 1, url.size()));
  while (!url.empty()) {
    const auto end = std::min(url.find('&'), url.size());
    const std::string_view parameter = url.substr(0, end);
    const auto equals = std::min(parameter.find('='), parameter.size());
    parts.parameters.emplace_back(parameter.substr(0, equals),
                                  equals < parameter.size() ? parameter.substr(equals + 1) : std::string_view());
    url.remove_prefix(std::min(end + 1, url.size()));
  }
  return parts;
}

std::string join_database_url(const DatabaseUrlParts& parts) {
  std::string url = parts.scheme + "://" + parts.authority;
  if (!parts.path.empty() || !parts.parameters.empty()) url += "/" + parts.path;
  char separator = '?';
  for (const auto& [name, value] : parts.parameters) {
    url += separator + name + "=" + value;
    separator = '&';
  }
  return url;
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> elements(1);
  for (const char c : text) {
    if (c == ',')
      elements.emplace_back();
    else
      elements.back() += c;
  }
  return elements;
}

// "a:5432,b:5433"; libpq lets one port stand for all hosts.
std::string host_list(const std::string& hosts, const std::string& ports) {
  const auto port_of = split_at_commas(ports);
  std::string list;
  std::size_t number = 0;
  for (const auto& host : split_at_commas(hosts)) {
    if (number > 0) list += ',';
    list += host.find(':') == std::string::npos ? percent_encoded(host) : "[" + host + "]";
    const std::string& port = port_of[std::min(number, port_of.size() - 1)];
    if (!port.empty()) list += ":" + port;
    ++number;
  }
  return list;
}

const std::set<std::string>& libpq_keywords() {
  static const std::set<std::string> known = [] {
    std::set<std::string> names;
    PQconninfoOption* options = PQconndefaults();
    for (auto* option = options; option && option->keyword; ++option) names.insert(option->keyword);
    PQconninfoFree(options);
    return names;
  }();
  return known;
}

}  // namespace

bool looks_like_url(const std::string& text) {
  const auto end = text.find("://");
  return end != std::string::npos && end > 0 &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end),
                     [](unsigned char c) { return std::isalnum(c) || c == '+' || c == '-' || c == '.' || c == ':'; });
}

Result<ConnectionSpec> parse_database_url(const std::string& server, const std::string& url) {
  DatabaseUrlParts parts = split_database_url(url);
  parts.scheme = "postgresql";
  std::erase_if(parts.parameters, [](const auto& parameter) { return !libpq_keywords().contains(parameter.first); });
  auto parsed = parse_connection_with_password(server, looks_like_url(url) ? join_database_url(parts) : url);
  if (!parsed) return Error(ErrorKind::corrupt, "it is not a URL of a PostgreSQL database");
  return parsed;
}

std::string replace_in_url(const std::string& old, const ConnectionSpec& connection) {
  DatabaseUrlParts parts = split_database_url(old);
  const auto keyword = [&](const char* name) {
    const auto found = connection.keywords.find(name);
    return found == connection.keywords.end() ? std::string() : found->second;
  };
  std::erase_if(parts.parameters, [](const auto& parameter) { return parameter.first == "hostaddr"; });
  // Puts the value where the old URL has it as a parameter; otherwise returns it.
  const auto place = [&](const char* name, std::string value) {
    bool placed = false;
    for (auto& parameter : parts.parameters) {
      if (parameter.first != name) continue;
      parameter.second = percent_encoded(value);
      placed = true;
    }
    return placed ? std::string() : value;
  };
  const std::string user = place("user", keyword("user"));
  const std::string password = place("password", connection.password.reveal());
  const std::string host = place("host", keyword("host").empty() ? keyword("hostaddr") : keyword("host"));
  const std::string port = place("port", keyword("port"));
  parts.path = percent_encoded(place("dbname", keyword("dbname")));

  parts.authority.clear();
  const bool takes_credentials = parts.scheme.rfind("jdbc:", 0) != 0;
  if (takes_credentials && !(user.empty() && password.empty()))
    parts.authority = percent_encoded(user) + (password.empty() ? "" : ":" + percent_encoded(password)) + "@";
  parts.authority += host_list(host, port);
  return join_database_url(parts);
}

}  // namespace pgconvoy
