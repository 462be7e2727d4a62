#include "operations/owner_logins.hpp"

#include <fmt/format.h>

namespace pgconvoy {
namespace {

// "pgconvoy_k3x9aq_r7_t42_i1_": whatever the epoch.
std::string stem_of(const StepContext& context, const std::string& instance) {
  const std::string name = context.created_database_name(instance);
  return name.substr(0, name.rfind('e'));
}

}  // namespace

Task<Result<ConnectionSpec>> OwnerLogins::make_login(std::string owner) {
  CO_TRY(Session * maintenance, co_await context_.maintenance(server_));
  const Secret password = random_secret();
  std::vector<RoleOrder> orders(1);
  RoleOrder& order = orders.front();
  order.attributes.name = fmt::format("{}e{}_owner{}", stem_of(context_, instance_), context_.work.record.epoch, sessions_.size() + 1);
  order.attributes.login = true;
  order.attributes.inherit = true;
  order.attributes.member_of = {owner};
  const std::string role = order.attributes.name;
  CO_TRY(order.verifier, maintenance->encrypt_password(password, role));
  CO_TRY(const auto made, co_await context_.provisioner(server_).create_roles(context_.identity(), *maintenance, orders));
  if (made.empty()) co_return Error(ErrorKind::conflict, fmt::format("the temporary role \"{}\" is there already", role)).on(server_);
  CO_TRY(ConnectionSpec place, co_await context_.administrator(server_, context_.fleet().instances.at(instance_).database));
  co_return place.with_user(role, password);
}

Task<Result<Session*>> OwnerLogins::session_of(std::string owner, bool is_superuser) {
  const std::string key = is_superuser ? "" : owner;
  if (const auto known = sessions_.find(key); known != sessions_.end()) co_return known->second.get();
  SessionOptions options;
  options.application_name = context_.application_name();
  SessionPtr opened;
  if (is_superuser) {
    CO_TRY(opened, co_await context_.open(server_, context_.fleet().instances.at(instance_).database, options));
  } else {
    CO_TRY(ConnectionSpec login, co_await make_login(std::move(owner)));
    CO_TRY(opened, co_await context_.services.sessions.open(std::move(login), options));
  }
  co_return sessions_.emplace(key, std::move(opened)).first->second.get();
}

Task<Result<void>> OwnerLogins::end() {
  for (auto& [owner, session] : sessions_) session->close();
  sessions_.clear();
  co_return co_await drop_owner_logins(context_, instance_, server_);
}

Task<Result<void>> drop_owner_logins(StepContext& context, std::string instance, std::string server) {
  CO_TRY(Session * maintenance, co_await context.maintenance(server));
  std::vector<Value> parameters{stem_of(context, instance)};
  CO_TRY(const Rows rows, co_await maintenance->query("select rolname, (select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = rolname) "
                                                      "from pg_roles where left(rolname::text, length($1)) = $1 and rolname ~ '_owner[0-9]+$' order by 1",
                                                      parameters));
  if (rows.empty()) co_return Result<void>();
  std::vector<std::string> roles;
  for (std::size_t i = 0; i < rows.size(); ++i) roles.push_back(rows.text(i, 0));
  CO_TRY(const auto dropped, co_await context.provisioner(server).drop_roles(context.identity(), *maintenance, roles));
  if (dropped.size() != roles.size())
    co_return Error(ErrorKind::conflict, fmt::format("of {} temporary roles of instance {} some could not be dropped yet", roles.size(), instance)).on(server);
  co_return Result<void>();
}

}  // namespace pgconvoy
