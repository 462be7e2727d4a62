#include "operations/fence_source.hpp"

#include <fmt/format.h>

#include "engine/run/step_context.hpp"
#include "operations/database_fence.hpp"
#include "operations/database_owner.hpp"
#include "operations/handles.hpp"
#include "operations/subscriptions.hpp"

namespace pgconvoy {
namespace {

Task<Result<void>> switch_inside(StepContext& context, std::string server, std::string database,
                                 std::vector<std::string> subscriptions, bool enable) {
  if (subscriptions.empty()) co_return Result<void>();
  SessionOptions options = changing_options(context.application_name());
  CO_TRY(auto session, co_await context.open(server, database, options));
  auto done = co_await switch_subscriptions(*session, std::move(subscriptions), enable);
  if (!done) co_return std::move(done).error().within(fmt::format("subscriptions of \"{}\"", database));
  co_return done;
}

class FenceSource final : public TypedOperation<FenceIntent, FenceOutcome> {
 public:
  std::string name() const override { return "fence_source"; }
  std::string summary() const override {
    return "Fences the old database: subscriptions off, no connections, drained, ours, renamed (the rename is the check).";
  }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"drain_timeout", Parameter::Type::duration, 10,
             "How long open transactions may go on before they are ended."}};
  }
  Estimate estimate(const EstimateInput&) const override { return {0.3, false}; }

  Task<Result<FenceIntent>> plan_effect(StepContext& context) override {
    const Instance& instance = context.instance();
    const DatabaseFacts& facts = context.database_facts(instance.id);
    const std::string server = context.source_server(instance.id).id;
    const ServerFacts& server_facts = context.work.facts.servers.at(server);
    FenceIntent intent;
    intent.server = server;
    intent.system_identifier = server_facts.system_identifier;
    intent.timeline = server_facts.timeline;
    intent.oid = facts.oid;
    intent.name = instance.database;
    intent.fenced_name = context.fenced_database_name(instance.id);
    intent.allowed_connections = facts.allows_connections;
    intent.subscriptions = facts.subscriptions;
    CO_TRY(Session * maintenance, co_await context.maintenance(server));
    CO_TRY(const Ownership before, co_await ownership_of(*maintenance, intent.oid));
    intent.owner = before.owner;
    intent.acl = before.acl;
    intent.connection_limit = before.connection_limit;
    co_return intent;
  }

  Task<Result<FenceOutcome>> effect(StepContext& context, FenceIntent intent) override {
    CO_TRY_VOID(co_await switch_inside(context, intent.server, intent.name, intent.subscriptions, false));
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    FenceOrder order;
    order.oid = intent.oid;
    order.from = intent.name;
    order.to = intent.fenced_name;
    order.drain = Seconds(context.arguments().value("drain_timeout", 10.0));
    order.take_over = true;
    CO_TRY(FenceResult result, co_await fence_database(*maintenance, order));
    FenceOutcome outcome;
    outcome.terminated = result.terminated;
    outcome.drained_seconds = result.drained_seconds;
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext& context, FenceIntent intent) override {
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    std::vector<Value> parameters{std::to_string(intent.oid)};
    CO_TRY(Rows rows, co_await maintenance->query(
                          "select datname, datallowconn from pg_database where oid = $1::oid", parameters));
    Seen seen;
    if (rows.empty()) {
      seen.detail = fmt::format("no database has oid {} any more", intent.oid);
      co_return seen;  // unknown
    }
    const std::string name = rows.text(0, 0);
    const bool open = rows.truth(0, 1);
    CO_TRY(const bool ours, co_await is_taken_over(*maintenance, intent.oid));
    CO_TRY(const Ownership now, co_await ownership_of(*maintenance, intent.oid));
    seen.detail = fmt::format("it is called \"{}\", belongs to \"{}\" and {} connections", name, now.owner, open ? "allows" : "refuses");
    const bool untouched = intent.owner.empty() || now == before_fence(intent);
    if (name == intent.fenced_name)
      seen.verdict = open && (ours || intent.owner.empty()) ? Probe::Verdict::done : Probe::Verdict::partial;
    else if (name == intent.name)
      // Subscriptions may have been disabled before anything else: taking that back does no harm.
      seen.verdict = open == intent.allowed_connections && untouched && intent.subscriptions.empty() ? Probe::Verdict::absent
                                                                                                     : Probe::Verdict::partial;
    co_return seen;
  }

  Task<Result<std::string>> take_back(StepContext& context, FenceIntent intent,
                                      std::optional<FenceOutcome>) override {
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    CO_TRY(auto name, co_await name_of_database(*maintenance, intent.oid));
    const bool was_ours_to_take = !intent.owner.empty();  // journals of earlier versions hold no owner
    if (!name || *name != intent.name) {
      FenceOrder order;
      order.oid = intent.oid;
      order.from = intent.fenced_name;
      order.to = intent.name;
      order.drain = Seconds(0);  // only sessions of ours can be in it
      order.reachable_afterwards = intent.allowed_connections && !was_ours_to_take;
      auto lifted = co_await fence_database(*maintenance, order);
      if (!lifted) co_return std::move(lifted).error().within(fmt::format("the fence around \"{}\" can't be lifted", intent.name));
    } else if (!was_ours_to_take) {
      std::string open = fmt::format("alter database {} allow_connections {}", maintenance->quote_identifier(intent.name),
                                     intent.allowed_connections);
      CO_TRY_VOID(co_await change_database(*maintenance, std::move(open)));
    }
    if (was_ours_to_take)
      CO_TRY_VOID(co_await hand_database_back(*maintenance, intent.name, before_fence(intent), intent.allowed_connections));
    CO_TRY_VOID(co_await switch_inside(context, intent.server, intent.name, intent.subscriptions, true));
    co_return fmt::format("\"{}\" is reachable again under its own name", intent.name);
  }
};

}  // namespace

std::unique_ptr<Operation> make_fence_source() { return std::make_unique<FenceSource>(); }

}  // namespace pgconvoy
