#include "engine/facts/access_rules.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(AccessRule, line, type, databases, roles, address, netmask, method)
PGCONVOY_JSON_FIELDS(AccessRules, client, rules, errors, left_out)

std::string access_rules_sql(int) {
  return R"sql((
  select json_build_object(
           'client', coalesce(host(inet_client_addr()), ''),
           'errors', (select count(*) from pg_hba_file_rules where error is not null),
           'left_out', (select greatest(count(*) - 1000, 0) from pg_hba_file_rules where error is null),
           'rules', (select coalesce(json_agg(json_build_object(
                       'line', r.line_number, 'type', r.type, 'databases', r.database, 'roles', r.user_name,
                       'address', coalesce(r.address, ''), 'netmask', coalesce(r.netmask, ''), 'method', r.auth_method)), '[]')
                       from (select * from pg_hba_file_rules where error is null limit 1000) r))))sql";
}

namespace {

enum class Match { no, perhaps, yes };  // in this order: both() takes the lesser

Match both(Match one, Match other) { return std::min(one, other); }

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// From 16 on a name that begins with a slash is a pattern.
bool has_pattern(const std::vector<std::string>& list) {
  return std::any_of(list.begin(), list.end(), [](const std::string& word) { return word.starts_with("/"); });
}

Match database_matches(const AccessRule& rule, const AccessRequest& request) {
  if (contains(rule.databases, "all") || contains(rule.databases, request.database)) return Match::yes;
  if (contains(rule.databases, "sameuser") && request.database == request.role) return Match::yes;
  if ((contains(rule.databases, "samerole") || contains(rule.databases, "samegroup")) &&
      (request.database == request.role || contains(request.groups, request.database)))
    return Match::yes;
  return has_pattern(rule.databases) ? Match::perhaps : Match::no;
}

Match role_matches(const AccessRule& rule, const AccessRequest& request) {
  for (const std::string& word : rule.roles) {
    if (word == "all" || word == request.role) return Match::yes;
    if (word.starts_with("+") && (word.substr(1) == request.role || contains(request.groups, word.substr(1)))) return Match::yes;
  }
  return has_pattern(rule.roles) ? Match::perhaps : Match::no;
}

template <class Bytes>
bool within(const Bytes& address, const Bytes& network, const Bytes& mask) {
  for (std::size_t i = 0; i < address.size(); ++i)
    if ((address[i] & mask[i]) != (network[i] & mask[i])) return false;
  return true;
}

Match address_matches(const AccessRule& rule, const AccessRequest& request) {
  if (rule.type == "local") return request.address.empty() ? Match::yes : Match::no;
  if (request.address.empty()) return Match::no;
  if (rule.type == "hostssl" && !request.tls) return Match::no;
  if (rule.type == "hostnossl" && request.tls) return Match::no;
  if (rule.type == "hostgssenc") return Match::no;
  if (rule.address == "all") return Match::yes;
  boost::system::error_code no_number;
  const auto address = boost::asio::ip::make_address(request.address, no_number);
  if (no_number) return Match::perhaps;
  const auto network = boost::asio::ip::make_address(rule.address, no_number);
  if (no_number) return Match::perhaps;  // samehost, samenet or a name
  const auto mask = boost::asio::ip::make_address(rule.netmask, no_number);
  if (no_number || address.is_v4() != network.is_v4() || mask.is_v4() != network.is_v4()) return Match::no;
  const bool inside = address.is_v4() ? within(address.to_v4().to_bytes(), network.to_v4().to_bytes(), mask.to_v4().to_bytes())
                                      : within(address.to_v6().to_bytes(), network.to_v6().to_bytes(), mask.to_v6().to_bytes());
  return inside ? Match::yes : Match::no;
}

}  // namespace

bool asks_all_alike(const AccessRules& rules) {
  using List = std::vector<std::string>;
  static const List by_itself{"md5", "scram-sha-256", "password", "reject"};
  if (rules.errors > 0 || rules.left_out > 0) return false;
  return std::all_of(rules.rules.begin(), rules.rules.end(), [&rules](const AccessRule& rule) {
    if ((rule.type == "local") != rules.client.empty()) return true;  // not our way in
    if (rule.databases == List{"replication"}) return true;
    return rule.databases == List{"all"} && rule.roles == List{"all"} && contains(by_itself, rule.method);
  });
}

std::vector<std::string> methods_for(const AccessRules& rules, const AccessRequest& request) {
  std::vector<std::string> methods;
  const auto add = [&methods](const std::string& method) {
    if (!contains(methods, method)) methods.push_back(method);
  };
  for (const AccessRule& rule : rules.rules) {
    const Match match = both(both(database_matches(rule, request), role_matches(rule, request)), address_matches(rule, request));
    if (match == Match::no) continue;
    add(rule.method);
    if (match == Match::yes) return methods;
  }
  if (rules.left_out > 0) add("not known");
  if (!methods.empty()) add("reject");
  return methods;
}

}  // namespace pgconvoy
