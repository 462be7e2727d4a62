// Who may log in how: the rules of pg_hba.conf, as the server shows them, and which of them a login meets.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kAccessRulesPart = "access_rules";

struct AccessRule {
  int line = 0;
  std::string type;                          // local | host | hostssl | hostnossl | hostgssenc | hostnogssenc
  std::vector<std::string> databases, roles;
  std::string address, netmask;              // "all", "samehost", a name, or numbers; netmask only with numbers
  std::string method;
};
struct AccessRules {
  std::string client;                        // our own address as the server sees it; "" by a local socket
  std::vector<AccessRule> rules;             // in their order
  int errors = 0;                            // lines that the server could not read: it still goes by what it loaded before
  int left_out = 0;                          // rules beyond the first 1000
};
PGCONVOY_JSON(AccessRule);
PGCONVOY_JSON(AccessRules);

// From pg_hba_file_rules, which only a superuser may read unless it was granted (manual: pg_hba_file_rules). It shows the
// file as it is now, not what was loaded.
std::string access_rules_sql(int version);

struct AccessRequest {
  std::string database, role;
  std::vector<std::string> groups;           // that the role is a member of, however far
  std::string address;                       // numbers; "" by a local socket
  bool tls = false;
};

// The methods that the first matching rule may have. Several where it can't be told which rule that is: an address given
// by name, a pattern. Empty: no rule matches, the login is refused. Pure.
std::vector<std::string> methods_for(const AccessRules& rules, const AccessRequest& request);

// No rule that a login from here may meet tells databases or roles apart, and none asks who somebody is elsewhere or lets in whoever exists (trust): what one role is
// asked for, others with the same kind of verifier are asked for, in whatever database. Pure.
bool asks_all_alike(const AccessRules& rules);

}  // namespace pgconvoy
