#include "operations/memberships.hpp"

#include "engine/core/json.hpp"
#include "engine/platform/cluster_ddl.hpp"

namespace pgconvoy {
namespace {

Task<Result<std::vector<std::string>>> roles_for(Session& maintenance, std::string sql, std::vector<std::string> roles) {
  std::vector<std::string> found;
  if (roles.empty()) co_return found;
  const json wanted = roles;
  std::vector<Value> parameters{wanted.dump()};
  CO_TRY(Rows rows, co_await maintenance.query(std::move(sql), std::move(parameters)));
  for (std::size_t i = 0; i < rows.size(); ++i) found.push_back(rows.text(i, 0));
  co_return found;
}

Task<Result<std::vector<std::string>>> change(Session& maintenance, std::string before, std::vector<std::string> roles,
                                              std::string after) {
  if (!roles.empty()) {
    std::string sql;
    for (const std::string& role : roles) sql += before + maintenance.quote_identifier(role) + after + ";\n";
    auto done = co_await maintenance.script(std::move(sql));
    if (!done) co_return std::move(done).error();
  }
  co_return roles;
}

}  // namespace

Task<Result<std::vector<std::string>>> memberships_lacking(Session& maintenance, std::vector<std::string> roles) {
  // Since 16 a membership may inherit nothing, or not let its member act as the role.
  const std::string usable = maintenance.server_version() >= 160000
                                 ? "pg_has_role(r.oid, 'usage') and pg_has_role(r.oid, 'set')"
                                 : "pg_has_role(r.oid, 'usage')";
  std::string sql =
      "select r.rolname from pg_roles r, pg_roles me where me.rolname = current_user and not me.rolsuper and not r.rolsuper "
      "and r.oid <> me.oid and r.rolname in (select json_array_elements_text($1::json)) and not (" +
      usable + ") order by 1";
  co_return co_await roles_for(maintenance, std::move(sql), std::move(roles));
}

Task<Result<void>> take_memberships(Session& maintenance, std::vector<std::string> roles) {
  CO_TRY(auto lacking, co_await memberships_lacking(maintenance, roles));
  if (lacking.empty()) co_return Result<void>();
  std::function<Task<Result<std::vector<std::string>>>()> attempt = [&maintenance, roles]() -> Task<Result<std::vector<std::string>>> {
    CO_TRY(auto still, co_await memberships_lacking(maintenance, roles));
    const std::string as = maintenance.server_version() >= 160000 ? " to current_user with inherit true, set true" : " to current_user";
    co_return co_await change(maintenance, "grant ", std::move(still), as);
  };
  auto taken = co_await change_cluster<std::vector<std::string>>(maintenance, std::move(attempt));
  if (!taken)
    co_return std::move(taken).error().within("our administrator can't become a member of the roles that it gives objects to")
        .on(maintenance.server());
  co_return Result<void>();
}

Task<Result<std::vector<std::string>>> give_back_memberships(Session& maintenance, std::vector<std::string> roles) {
  if (roles.empty()) co_return roles;
  std::function<Task<Result<std::vector<std::string>>>()> attempt = [&maintenance, roles]() -> Task<Result<std::vector<std::string>>> {
    std::string sql =
        "select r.rolname from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles me on me.oid = m.member "
        "where me.rolname = current_user and r.rolname in (select json_array_elements_text($1::json)) and not exists "
        " (select 1 from pg_shdepend s join pg_database d on d.oid = case s.dbid when 0 then s.objid else s.dbid end "
        "   where s.refclassid = 'pg_authid'::regclass and s.refobjid = r.oid and d.datname like 'pgconvoy\\_%' "
        "     and (s.dbid <> 0 or s.classid = 'pg_database'::regclass)) group by 1 order by 1";
    CO_TRY(auto ours, co_await roles_for(maintenance, std::move(sql), roles));
    co_return co_await change(maintenance, "revoke ", std::move(ours), " from current_user");
  };
  co_return co_await change_cluster<std::vector<std::string>>(maintenance, std::move(attempt));
}

}  // namespace pgconvoy
