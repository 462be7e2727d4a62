#include "operations/tenant_login.hpp"

#include <fmt/format.h>

namespace pgconvoy {

std::string tenant_role(const std::string& temporary_database) { return temporary_database + "_tenant"; }

Task<Result<ConnectionSpec>> ensure_tenant_login(StepContext& context, std::string server, std::string database,
                                                 std::set<std::string> owners) {
  const std::string role = tenant_role(database);
  const Secret password = random_secret();
  SessionOptions options;
  options.application_name = context.application_name();
  CO_TRY(auto inside, co_await context.open(server, database, options));
  CO_TRY(Secret verifier, inside->encrypt_password(password, role));
  std::vector<Value> who{role};
  CO_TRY(Rows known, co_await inside->query("select 1 from pg_roles where rolname = $1", who));
  if (known.empty()) {
    RoleOrder order;
    order.attributes.name = role;
    order.attributes.login = true;
    order.attributes.inherit = true;
    order.attributes.member_of.assign(owners.begin(), owners.end());
    order.verifier = verifier;
    CO_TRY(Session * maintenance, co_await context.maintenance(server));
    std::vector<RoleOrder> orders;
    orders.push_back(std::move(order));
    CO_TRY(auto made, co_await context.services.provisioner.create_roles(context.identity(), *maintenance, orders));
    (void)made;
  } else {
    auto changed = co_await inside->script(fmt::format("alter role {} password {}", inside->quote_identifier(role),
                                                       inside->quote_literal(verifier.reveal())));
    if (!changed) co_return changed.error();
  }
  std::vector<Value> none;
  CO_TRY(Rows schemas, co_await inside->query("select nspname from pg_namespace where nspname !~ '^pg_' and "
                                              "nspname <> 'information_schema' order by 1",
                                              none));
  std::string sql = fmt::format("grant connect, temporary on database {} to {};\n", inside->quote_identifier(database),
                                inside->quote_identifier(role));
  for (std::size_t i = 0; i < schemas.size(); ++i)
    sql += fmt::format("grant usage, create on schema {} to {};\n", inside->quote_identifier(schemas.text(i, 0)),
                       inside->quote_identifier(role));
  auto granted = co_await inside->script(std::move(sql));
  if (!granted) co_return granted.error();
  CO_TRY(ConnectionSpec place, co_await context.administrator(server, database));
  co_return place.with_user(role, password);
}

Task<Result<void>> drop_tenant_login(StepContext& context, std::string server, std::string database, std::string role) {
  CO_TRY(Session * maintenance, co_await context.maintenance(server));
  std::vector<Value> parameters{role, database};
  CO_TRY(Rows state, co_await maintenance->query(
                         "select exists (select 1 from pg_roles where rolname = $1), "
                         "exists (select 1 from pg_database where datname = $2), "
                         "(select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = $1), "
                         "exists (select 1 from pg_shdepend s join pg_roles r on r.oid = s.refobjid where "
                         "r.rolname = $1 and s.refclassid = 'pg_authid'::regclass and s.deptype = 'o')",
                         parameters));
  if (!state.truth(0, 0)) co_return Result<void>();
  if (state.truth(0, 3))
    co_return Error(ErrorKind::conflict, fmt::format("the temporary role \"{}\" owns something, it is not dropped", role),
                    "this should not happen; look at what it owns, REASSIGN OWNED, then drop the role")
        .on(server);
  const std::string quoted = maintenance->quote_identifier(role);
  if (state.truth(0, 1)) {
    SessionOptions options;
    options.application_name = context.application_name();
    CO_TRY(auto inside, co_await context.open(server, database, options));
    auto revoked = co_await inside->script(fmt::format("drop owned by {}", quoted));
    if (!revoked) co_return revoked.error();
    inside->close();
  }
  std::vector<std::string> roles{role};
  CO_TRY(auto dropped, co_await context.services.provisioner.drop_roles(context.identity(), *maintenance, roles));
  if (dropped.empty())
    co_return Error(ErrorKind::conflict, fmt::format("the temporary role \"{}\" could not be dropped yet", role)).on(server);
  co_return Result<void>();
}

}  // namespace pgconvoy
