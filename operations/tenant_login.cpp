#include "operations/tenant_login.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "operations/memberships.hpp"

namespace pgconvoy {
namespace {

std::string prefix_of(const std::string& database) { return database + "_tenant"; }

Task<Result<std::vector<std::string>>> roles_of(Session& maintenance, std::string database) {
  std::vector<Value> parameters{prefix_of(database)};
  CO_TRY(Rows rows, co_await maintenance.query(
                        "select rolname from pg_roles where left(rolname::text, length($1)) = $1 order by 1", parameters));
  std::vector<std::string> roles;
  for (std::size_t i = 0; i < rows.size(); ++i) roles.push_back(rows.text(i, 0));
  co_return roles;
}

std::string quoted_list(const Session& session, const std::vector<std::string>& roles) {
  std::string list;
  for (const std::string& role : roles) list += (list.empty() ? "" : ", ") + session.quote_identifier(role);
  return list;
}

// Only a superuser may: triggers, event triggers included, then stay quiet unless they are meant for replicas too.
Task<Result<void>> take_back_inside(StepContext& context, std::string server, std::string database,
                                    std::vector<std::string> roles) {
  SessionOptions options;
  options.application_name = context.application_name();
  CO_TRY(auto inside, co_await context.open(server, database, options));
  const auto known = context.work.facts.servers.find(server);
  const bool superuser = known != context.work.facts.servers.end() && known->second.superuser;
  auto revoked = co_await inside->script(fmt::format("{}drop owned by {} cascade",
                                                     superuser ? "set session_replication_role = replica; " : "",
                                                     quoted_list(*inside, roles)));
  if (!revoked) co_return revoked.error();
  inside->close();
  co_return Result<void>();
}

// On every schema in which the role may not make objects yet. Returns these, quoted.
Task<Result<std::vector<std::string>>> grant_on_schemas(StepContext& context, std::string server, std::string database,
                                                        std::string role, std::string privileges) {
  SessionOptions options;
  options.application_name = context.application_name();
  CO_TRY(auto inside, co_await context.open(server, database, options));
  std::vector<Value> who{role};
  CO_TRY(Rows rows, co_await inside->query(
                        "select quote_ident(nspname) from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' "
                        "and not has_schema_privilege($1, oid, 'create') order by 1",
                        who));
  std::vector<std::string> schemas;
  for (std::size_t i = 0; i < rows.size(); ++i) schemas.push_back(rows.text(i, 0));
  if (schemas.empty()) co_return schemas;
  auto granted = co_await inside->script(fmt::format("grant {} on schema {} to {}", privileges, fmt::join(schemas, ", "),
                                                     inside->quote_identifier(role)));
  if (!granted) co_return granted.error();
  co_return schemas;
}

}  // namespace

Task<Result<void>> TenantLogins::make(std::string role, std::set<std::string> owners, Secret verifier) {
  CO_TRY(Session * maintenance, co_await context_.maintenance(server_));
  RoleOrder order;
  order.attributes.name = role;
  order.attributes.login = true;
  order.attributes.inherit = true;
  order.attributes.member_of.assign(owners.begin(), owners.end());
  order.verifier = std::move(verifier);
  std::vector<RoleOrder> orders;
  orders.push_back(std::move(order));
  CO_TRY(auto made, co_await context_.provisioner(server_).create_roles(context_.identity(), *maintenance, orders));
  if (made.empty())
    co_return Error(ErrorKind::conflict, fmt::format("the temporary role \"{}\" is there already", role)).on(server_);
  // Only a member may DROP OWNED BY it in the end.
  std::vector<std::string> itself{role};
  CO_TRY_VOID(co_await take_memberships(*maintenance, itself));
  // On the database as a whole: from outside, where no event trigger of it runs.
  auto granted = co_await maintenance->script(fmt::format("grant connect, temporary on database {} to {}",
                                                          maintenance->quote_identifier(database_),
                                                          maintenance->quote_identifier(role)));
  if (!granted) co_return granted.error();
  co_return Result<void>();
}

Task<Result<ConnectionSpec>> TenantLogins::of(std::set<std::string> owners, bool makes_objects) {
  if (logins_.empty()) CO_TRY_VOID(co_await drop_tenant_logins(context_, server_, database_));
  auto known = logins_.find(owners);
  if (known == logins_.end()) {
    const std::string role = fmt::format("{}{}", prefix_of(database_), logins_.size() + 1);
    const Secret password = random_secret();
    CO_TRY(Session * maintenance, co_await context_.maintenance(server_));
    CO_TRY(Secret verifier, maintenance->encrypt_password(password, role));
    CO_TRY_VOID(co_await make(role, owners, std::move(verifier)));
    CO_TRY(ConnectionSpec place, co_await context_.administrator(server_, database_));
    known = logins_.emplace(owners, place.with_user(role, password)).first;
  }
  if (makes_objects) {
    const std::string role = known->second.keywords.at("user");
    CO_TRY(auto granted, co_await grant_on_schemas(context_, server_, database_, role, "usage, create"));
    (void)granted;
  }
  co_return known->second;
}

Task<Result<void>> TenantLogins::release() {
  if (logins_.empty()) co_return Result<void>();
  std::vector<std::string> roles;
  for (const auto& [owners, login] : logins_) roles.push_back(login.keywords.at("user"));
  co_return co_await take_back_inside(context_, server_, database_, std::move(roles));
}

Task<Result<std::vector<std::string>>> TenantLogins::lend_schemas(std::string owner) {
  co_return co_await grant_on_schemas(context_, server_, database_, std::move(owner), "create");
}

Task<Result<void>> TenantLogins::take_back_schemas(std::string owner, std::vector<std::string> schemas) {
  if (schemas.empty()) co_return Result<void>();
  SessionOptions options;
  options.application_name = context_.application_name();
  CO_TRY(auto inside, co_await context_.open(server_, database_, options));
  auto done = co_await inside->script(
      fmt::format("revoke create on schema {} from {}", fmt::join(schemas, ", "), inside->quote_identifier(owner)));
  if (!done) co_return done.error();
  co_return Result<void>();
}

Task<Result<void>> drop_tenant_logins(StepContext& context, std::string server, std::string database,
                                      bool discards_database) {
  CO_TRY(Session * maintenance, co_await context.maintenance(server));
  CO_TRY(const std::vector<std::string> roles, co_await roles_of(*maintenance, database));
  if (roles.empty()) co_return Result<void>();
  std::vector<Value> parameters{prefix_of(database), database};
  CO_TRY(Rows state, co_await maintenance->query(
                         "select exists (select 1 from pg_database where datname = $2), "
                         "(select count(pg_terminate_backend(pid)) from pg_stat_activity where left(usename::text, length($1)) = $1), "
                         "exists (select 1 from pg_shdepend s join pg_roles r on r.oid = s.refobjid where "
                         "left(r.rolname::text, length($1)) = $1 and s.refclassid = 'pg_authid'::regclass and s.deptype = 'o')",
                         parameters));
  const std::string list = quoted_list(*maintenance, roles);
  if (state.truth(0, 2) && !discards_database)
    co_return Error(ErrorKind::conflict, fmt::format("of the temporary roles {} one owns something, they are not dropped", list),
                    "this should not happen; look at what it owns, REASSIGN OWNED, then drop the role")
        .on(server);
  if (state.truth(0, 0)) {
    auto revoked = co_await maintenance->script(
        fmt::format("revoke all on database {} from {}", maintenance->quote_identifier(database), list));
    if (!revoked) co_return revoked.error();
    std::vector<Value> prefix{prefix_of(database)};
    CO_TRY(Rows left, co_await maintenance->query(
                          "select 1 from pg_shdepend s join pg_roles r on r.oid = s.refobjid where "
                          "left(r.rolname::text, length($1)) = $1 and s.refclassid = 'pg_authid'::regclass "
                          "and s.classid <> 'pg_auth_members'::regclass limit 1",
                          prefix));
    if (!left.empty()) CO_TRY_VOID(co_await take_memberships(*maintenance, roles));
    if (!left.empty()) CO_TRY_VOID(co_await take_back_inside(context, server, database, roles));
  }
  CO_TRY(auto dropped, co_await context.provisioner(server).drop_roles(context.identity(), *maintenance, roles));
  if (dropped.size() != roles.size())
    co_return Error(ErrorKind::conflict, fmt::format("not all of the temporary roles {} could be dropped yet", list)).on(server);
  co_return Result<void>();
}

}  // namespace pgconvoy
