#include "operations/remove_new_database.hpp"

#include <fmt/format.h>

#include "operations/adopted_database.hpp"
#include "operations/made_roles.hpp"
#include "operations/memberships.hpp"
#include "operations/subscriptions.hpp"

namespace pgconvoy {

Task<Result<std::string>> remove_new_database(StepContext& context, ReprovisionIntent intent, std::optional<ReprovisionOutcome> outcome) {
  CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
  Provisioner& provisioner = context.provisioner(intent.server);
  std::string detail = "the new database is gone";
  std::int64_t oid = 0;
  if (intent.adopted_oid != 0) {
    std::vector<std::string> owner{intent.owner};
    CO_TRY_VOID(co_await take_memberships(*maintenance, owner));  // only its owner may rename it
    CO_TRY(detail, co_await give_back_database(context, intent, outcome.has_value()));
  } else if (outcome) {
    oid = outcome->oid;
  } else {
    std::vector<Value> parameters{intent.temporary_name};
    CO_TRY(Rows rows, co_await maintenance->query("select oid::bigint from pg_database where datname = $1", parameters));
    if (!rows.empty()) oid = rows.number(0, 0);
  }
  if (oid != 0) {
    std::vector<std::string> owner{intent.owner};
    CO_TRY_VOID(co_await take_memberships(*maintenance, owner));  // only its owner may drop it
    ExactDatabase which{intent.temporary_name, oid, intent.system_identifier};
    OpenDatabase open = opener(context, intent.server);
    CO_TRY_VOID(co_await drop_subscriptions(*maintenance, std::move(which), std::move(open)));
    CO_TRY_VOID(co_await provisioner.drop_database(context.identity(), *maintenance, intent.temporary_name, oid,
                                                   intent.system_identifier));
  }
  static const std::map<int, TargetRecord> no_others;
  const std::map<int, TargetRecord>* targets = &no_others;
  if (context.work.targets_of_run) {
    CO_TRY(targets, co_await context.work.targets_of_run());
  }
  auto to_drop = roles_to_drop(intent, outcome, *targets);
  CO_TRY(auto ours, co_await still_the_same(*maintenance, std::move(to_drop)));
  CO_TRY(auto dropped, co_await provisioner.drop_roles(context.identity(), *maintenance, ours));
  CO_TRY(auto left, co_await give_back_memberships(*maintenance, intent.memberships));
  (void)left;
  co_return fmt::format("{}; {} roles that were made for it are gone", detail, dropped.size());
}

}  // namespace pgconvoy
