#include "operations/database_properties.hpp"

#include <fmt/format.h>

#include "engine/platform/setting_sql.hpp"

namespace pgconvoy {
namespace {

// The statements for an ACL, its role names resolved by the server itself.
Task<Result<std::string>> acl_statements(Session& maintenance, std::string name, DatabaseFacts facts) {
  const std::string database = maintenance.quote_identifier(name);
  const std::string owner = maintenance.quote_identifier(facts.owner);
  std::string sql = fmt::format("revoke all on database {} from public, {};\n", database, owner);
  // Whatever was granted while it was being made.
  std::vector<Value> made{name};
  CO_TRY(Rows granted, co_await maintenance.query(
                           "select distinct quote_ident(r.rolname) from pg_database d, aclexplode(d.datacl) a "
                           "join pg_roles r on r.oid = a.grantee where d.datname = $1 and a.grantee <> d.datdba",
                           made));
  for (std::size_t i = 0; i < granted.size(); ++i)
    sql += fmt::format("revoke all on database {} from {};\n", database, granted.text(i, 0));
  if (facts.acl.empty()) {
    sql += fmt::format("grant all on database {} to {};\ngrant connect, temporary on database {} to public;\n", database,
                       owner, database);
    co_return sql;
  }
  std::vector<Value> parameters{facts.acl};
  CO_TRY(Rows rows, co_await maintenance.query(
                        "select case when a.grantee = 0 then 'public' else quote_ident(r.rolname) end, "
                        "a.privilege_type, a.is_grantable from aclexplode($1::aclitem[]) a "
                        "left join pg_roles r on r.oid = a.grantee where a.grantee = 0 or r.rolname is not null "
                        "order by 1, 2",
                        parameters));
  for (std::size_t i = 0; i < rows.size(); ++i)
    sql += fmt::format("grant {} on database {} to {}{};\n", rows.text(i, 1), database, rows.text(i, 0),
                       rows.truth(i, 2) ? " with grant option" : "");
  co_return sql;
}

}  // namespace

Task<Result<void>> apply_database_properties(Session& maintenance, std::string name, DatabaseFacts facts) {
  const std::string database = maintenance.quote_identifier(name);
  CO_TRY(std::string acl, co_await acl_statements(maintenance, name, facts));
  std::string sql = "begin;\n" + acl;
  sql += fmt::format("alter database {} connection limit {};\n", database, facts.connection_limit);
  for (const std::string& setting : facts.settings)
    sql += alter_setting_sql("DATABASE " + database, setting) + ";\n";
  for (const auto& [role, settings] : facts.role_settings)
    for (const std::string& setting : settings)
      sql += alter_setting_sql(fmt::format("ROLE {} IN DATABASE {}", maintenance.quote_identifier(role), database), setting) +
             ";\n";
  sql += "commit;\n";
  auto done = co_await maintenance.script(std::move(sql));
  if (!done) {
    auto back = co_await maintenance.script("rollback");
    co_return std::move(done).error().within(fmt::format("settings and privileges of \"{}\" can't be carried over", name));
  }
  co_return Result<void>();
}

}  // namespace pgconvoy
