#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>

#include "engine/core/json.hpp"
#include "engine/platform/setting_sql.hpp"
#include "engine/platform/shared_server.hpp"

namespace pgconvoy::shared_server {
namespace {

constexpr Seconds kRolesLimit{120};

std::vector<Value> json_list_of(const std::vector<std::string>& names) {
  const json list = names;
  return {list.dump()};
}

std::vector<std::string> names_in_first_column(const Rows& rows) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rows.size(); ++i) names.push_back(rows.text(i, 0));
  return names;
}

// All roles first and then what links them, so that the order in which they were asked for doesn't matter.
std::string create_roles_script(const std::vector<const RoleOrder*>& missing) {
  std::string roles, links;
  for (const RoleOrder* order : missing) {
    const RoleFact& role = order->attributes;
    const std::string name = quote_identifier(role.name);
    roles += create_role_sql(*order) + ";\n";
    for (const auto& setting : role.settings) links += alter_setting_sql("ROLE " + name, setting) + ";\n";
    for (const auto& parent : role.member_of) {
      const bool admin = std::find(role.admin_of.begin(), role.admin_of.end(), parent) != role.admin_of.end();
      links += fmt::format("GRANT {} TO {}{};\n", quote_identifier(parent), name, admin ? " WITH ADMIN OPTION" : "");
    }
    if (!role.comment.empty()) links += fmt::format("COMMENT ON ROLE {} IS {};\n", name, quote_literal(role.comment));
  }
  return roles + links;
}

// A superuser can keep the verifiers out of the server's log, in which a statement stands when it fails or is slow.
const char* const kDiscreet =
    "SET LOCAL log_statement = 'none'; SET LOCAL log_min_error_statement = 'panic'; "
    "SET LOCAL log_min_duration_statement = -1;\n";

}  // namespace

bool is_password_verifier(const std::string& text) {
  static const std::regex scram(R"(SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=)");
  static const std::regex md5("md5[0-9a-f]{32}");
  return std::regex_match(text, scram) || std::regex_match(text, md5);
}

std::string create_role_sql(const RoleOrder& order) {
  const RoleFact& role = order.attributes;
  std::string sql = "CREATE ROLE " + quote_identifier(role.name);
  const auto attribute = [&sql](bool has, const char* word) { sql += fmt::format(" {}{}", has ? "" : "NO", word); };
  attribute(role.superuser, "SUPERUSER");
  attribute(role.inherit, "INHERIT");
  attribute(role.create_role, "CREATEROLE");
  attribute(role.create_database, "CREATEDB");
  attribute(role.login, "LOGIN");
  attribute(role.replication, "REPLICATION");
  attribute(role.bypass_row_security, "BYPASSRLS");
  if (role.connection_limit != -1) sql += fmt::format(" CONNECTION LIMIT {}", role.connection_limit);
  if (!order.verifier.empty()) sql += " PASSWORD " + quote_literal(order.verifier.reveal());
  if (!role.valid_until.empty()) sql += " VALID UNTIL " + quote_literal(role.valid_until);
  return sql;
}

Task<Result<std::vector<std::string>>> create_roles(Session& maintenance, std::vector<RoleOrder> roles) {
  std::vector<std::string> wanted;
  bool passwords = false;
  for (const RoleOrder& order : roles) {
    wanted.push_back(order.attributes.name);
    if (order.verifier.empty()) continue;
    passwords = true;
    if (!is_password_verifier(order.verifier.reveal()))
      co_return Error(
          ErrorKind::refused,
          fmt::format("the password of role \"{}\" is not given as a SCRAM or md5 verifier", order.attributes.name));
  }
  std::vector<Value> parameters = json_list_of(wanted);
  CO_TRY(const Rows rows,
         co_await maintenance.query("select rolname::text, (select rolsuper from pg_roles where rolname = current_user)"
                                    " from pg_roles where rolname::text in (select json_array_elements_text($1::json))"
                                    " union all select '', rolsuper from pg_roles where rolname = current_user",
                                    parameters));
  const auto found = names_in_first_column(rows);
  std::set<std::string> existing(found.begin(), found.end());
  std::vector<const RoleOrder*> missing;
  std::vector<std::string> made;
  for (const RoleOrder& order : roles) {
    if (!existing.insert(order.attributes.name).second) continue;
    missing.push_back(&order);
    made.push_back(order.attributes.name);
  }
  if (missing.empty()) co_return made;
  const bool discreet = passwords && rows.truth(0, 1);
  const std::string script =
      fmt::format("BEGIN;\n{}{}COMMIT;\n", discreet ? kDiscreet : "", create_roles_script(missing));
  auto done = co_await maintenance.script(script, kRolesLimit);
  if (!done) {
    const std::string rollback = "ROLLBACK";
    if (maintenance.usable()) (void)co_await maintenance.script(rollback);
    Error error = std::move(done).error();
    error.statement = fmt::format("CREATE ROLE, ALTER ROLE ... SET, GRANT, COMMENT for {}", json(made).dump());
    co_return error;
  }
  co_return made;
}

// Those of the names ($1) that may go, judged as if all of them went; $2 are all that were asked for. Memberships of and by the administrator, and by the
// bootstrap superuser (oid 10), are ours.
const char* const kDroppable = R"(
with wanted as (select oid, rolname::text as name from pg_roles
                 where oid >= 16384 and rolname not in (current_user, session_user)
                   and rolname::text in (select json_array_elements_text($1::json))),
     ours as (select oid from pg_roles where rolname in (current_user, session_user) union select 10),
     known as (select oid from wanted union select oid from ours)
select name from wanted w
 where not exists (select from pg_shdepend d where d.refclassid = 'pg_authid'::regclass and d.refobjid = w.oid
                    and d.classid <> 'pg_auth_members'::regclass)
   and not exists (select from pg_auth_members m where (m.roleid = w.oid or m.grantor = w.oid)
                    and m.member not in (select oid from known))
   and not exists (select from pg_auth_members m where m.member = w.oid and m.grantor not in (select oid from known))
   and not exists (select from pg_db_role_setting s where s.setrole = w.oid and s.setdatabase <> 0)
   and not exists (select from pg_auth_members m join pg_roles g on g.oid = m.roleid
                    where m.member = w.oid and g.oid not in (select oid from wanted)
                      and g.rolname::text in (select json_array_elements_text($2::json)))
 order by name)";

// A role stays when something depends on it (a table, a privilege, a policy, in any database of the server), when it has
// settings in a database, when a role that stays is its member or has a membership from it, when it is a member by
// somebody else's grant, or of a role that was to go with it and stays: whoever uses that one may log in as its member.
Task<Result<std::vector<std::string>>> drop_roles(Session& maintenance, std::vector<std::string> names) {
  const std::string droppable = kDroppable;
  const std::vector<Value> asked_for = json_list_of(names);
  for (std::size_t before = names.size() + 1; names.size() < before && !names.empty();) {
    std::vector<Value> parameters = json_list_of(names);
    parameters.push_back(asked_for.front());
    CO_TRY(const Rows rows, co_await maintenance.query(droppable, parameters));
    before = names.size();
    names = names_in_first_column(rows);
  }
  if (names.empty()) co_return names;
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + quote_identifier(name);
  const std::string drop = "DROP ROLE " + list;
  std::vector<Value> none;
  CO_TRY_VOID(co_await maintenance.query(drop, none, kRolesLimit));
  co_return names;
}

}  // namespace pgconvoy::shared_server
