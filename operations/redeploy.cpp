#include "operations/redeploy.hpp"

#include <fmt/format.h>

#include <set>

#include "engine/core/first_of.hpp"
#include "operations/application_steps.hpp"
#include "operations/application_work.hpp"
#include "operations/database_fence.hpp"
#include "operations/database_owner.hpp"
#include "operations/database_properties.hpp"
#include "operations/handles.hpp"
#include "operations/lossless.hpp"
#include "operations/new_url.hpp"
#include "operations/pivot_snapshot.hpp"
#include "operations/poolers.hpp"

namespace pgconvoy {
namespace {

struct RedeployIntent {
  bool controlled = true;  // false: somebody else starts the app; we say where
  std::map<std::string, PivotSnapshot> snapshots;  // by instance, of those whose contents are compared afterwards
};
struct RedeployOutcome {
  std::string health;
  std::vector<std::string> new_urls;  // without password; only when the app isn't ours to bind
  std::vector<Obligation> obligations;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RedeployIntent, controlled, snapshots)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RedeployOutcome, health, new_urls, obligations)

struct Pair {
  std::string instance;
  FenceIntent old_side;
  ReprovisionIntent new_side;
  std::int64_t new_oid = 0;
};

// Of the instances that move. An environment may also bind some that stay where they are.
Result<std::vector<Pair>> pairs_of(const StepContext& context, const Environment& environment) {
  std::vector<Pair> pairs;
  std::set<std::string> seen;
  for (const Binding& binding : environment.bindings) {
    if (!context.work.planned.placements.count(binding.instance) || !seen.insert(binding.instance).second) continue;
    auto fence = context.intent<FenceIntent>("fence_source", binding.instance);
    auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", binding.instance);
    auto made = context.outcome<ReprovisionOutcome>("reprovision_collected_instances", binding.instance);
    if (!fence || !fresh || !made)
      return Error(ErrorKind::internal, "instance " + binding.instance + " has no pair of databases");
    pairs.push_back({binding.instance, *fence, *fresh, made->oid});
  }
  return pairs;
}

class Redeploy final : public TypedOperation<RedeployIntent, RedeployOutcome> {
 public:
  std::string name() const override { return "redeploy"; }
  std::string summary() const override {
    return "Resumes the poolers, starts the app on the new database and waits until it is healthy, the page still up.";
  }
  Subject subject() const override { return Subject::environment; }
  std::vector<Parameter> parameters() const override {
    return {{"health_timeout", Parameter::Type::duration, 60, "How long the app may take to become healthy; on the way back, on the old database, a minute at least."}};
  }
  Estimate estimate(const EstimateInput& input) const override { return work_on_application(input, 1.5); }
  bool pivots() const override { return true; }

  Task<Result<RedeployIntent>> plan_effect(StepContext& context) override {
    RedeployIntent intent;
    intent.controlled = context.controller(context.environment()).controls_application();
    // The last moment at which nobody but us is in there. Of a target with several environments the first one pivots.
    if (!context.work.record.pivoted) {
      CO_TRY(intent.snapshots, co_await hold_new_databases(context));
    }
    co_return intent;
  }

  Task<Result<RedeployOutcome>> effect(StepContext& context, RedeployIntent intent) override {
    const Environment& environment = context.environment();
    RedeployOutcome outcome;
    CO_TRY_VOID(co_await open_new_databases(context, environment));
    CO_TRY_VOID(co_await let_clients_through(context, environment));
    if (!intent.controlled) co_return co_await hand_over(context, environment);
    // Whatever still runs has the old binding: it reads it at its start.
    CO_TRY_VOID(co_await stop_application(context, environment));
    const Seconds limit(context.arguments().value("health_timeout", 60.0));
    auto starting = start_and_wait(context, environment, limit);
    auto healthy = co_await giving_way(context, std::move(starting));
    if (!healthy) co_return std::move(healthy).error();
    outcome.health = "healthy";
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext& context, RedeployIntent intent) override {
    const Environment& environment = context.environment();
    Seen seen;
    // What runs may have been started by somebody else, with the old binding: it is stopped and started once more.
    seen.verdict = Probe::Verdict::absent;
    if (!intent.controlled) co_return seen;
    CO_TRY(const bool running, co_await context.controller(environment).is_running(environment));
    seen.detail = running ? "the app is running" : "the app is stopped";
    co_return seen;
  }

  // After the pivot there is a way back only when the new database still holds exactly what the old one holds.
  Task<Result<std::string>> take_back(StepContext& context, RedeployIntent intent, std::optional<RedeployOutcome>) override {
    const Environment& environment = context.environment();
    let_go_of_new_databases(context);
    if (intent.controlled)
      CO_TRY_VOID(co_await stop_application(context, environment));
    CO_TRY(auto pairs, pairs_of(context, environment));
    for (const Pair& pair : pairs) CO_TRY_VOID(co_await pause_aliases_of(context, pair.instance));
    for (const Pair& pair : pairs)
      CO_TRY_VOID(co_await must_lose_nothing(context, pair.old_side, pair.new_side, pair.new_oid));
    co_return std::string(context.work.accept_data_loss ? "stopped; what the new database received is given up, as asked"
                                                        : "stopped; the new database holds what the old one holds");
  }

 private:
  static Task<Result<void>> start_and_wait(StepContext& context, Environment environment, Seconds limit) {
    AppController& controller = context.controller(environment);
    CO_TRY_VOID(co_await controller.start(context.identity(), environment));
    auto healthy = co_await wait_until_healthy(context, environment, limit);
    if (!healthy) co_return std::move(healthy).error().within("started on the new database");
    co_return Result<void>();
  }

  // What it does at its start must not wait for a snapshot of ours.
  static Task<Result<void>> giving_way(StepContext& context, Task<Result<void>> work) {
    if (!holds_new_databases(context)) co_return co_await std::move(work);
    auto watching = give_way_to_the_application(context);
    auto first = co_await first_of(std::move(work), std::move(watching));
    co_return std::get<0>(std::move(first));
  }

  // A retry after a failed way back finds the new database fenced under its temporary name.
  static Task<Result<void>> open_new_databases(StepContext& context, Environment environment) {
    CO_TRY(auto pairs, pairs_of(context, environment));
    for (const Pair& pair : pairs) {
      CO_TRY(Session * maintenance, co_await context.maintenance(pair.new_side.server));
      const Ownership wanted = ownership_of_new(context, pair.instance);
      CO_TRY(auto name, co_await name_of_database(*maintenance, pair.new_oid));
      if (name && *name == pair.new_side.final_name) {
        CO_TRY(const bool as_enabled, co_await is_open_for(*maintenance, pair.new_oid, wanted));
        if (as_enabled) continue;
      }
      FenceOrder open;
      open.oid = pair.new_oid;
      open.from = pair.new_side.temporary_name;
      open.to = pair.new_side.final_name;
      open.drain = Seconds(0);
      open.reachable_afterwards = false;
      CO_TRY(FenceResult opened, co_await fence_database(*maintenance, open));
      (void)opened;
      // Its privileges may have been changed while it was live: they stay as they are now.
      const bool allow = true;
      CO_TRY_VOID(co_await hand_database_over(*maintenance, pair.new_side.final_name, wanted, allow));
    }
    co_return Result<void>();
  }

  // The poolers lead to the new databases since enable_reprovisioned_services; what waits there goes on.
  static Task<Result<void>> let_clients_through(StepContext& context, Environment environment) {
    CO_TRY(auto pairs, pairs_of(context, environment));
    for (const Pair& pair : pairs) CO_TRY_VOID(co_await resume_aliases_of(context, pair.instance));
    co_return Result<void>();
  }

  // As the app: a pooler logs in to the server by itself, and may know another password than the app. Returns how many.
  static Task<Result<int>> log_in_through_poolers(StepContext& context, Environment environment) {
    int logins = 0;
    for (const Binding& binding : environment.bindings) {
      if (!context.work.planned.placements.contains(binding.instance)) continue;
      CO_TRY(auto known, co_await context.app_connections(binding.instance));
      for (const auto& [id, alias] : binding.poolers)
        for (ConnectionSpec& app : known) {
          if (app.password.empty()) continue;
          CO_TRY(ConnectionSpec pooler, parse_connection("pooler " + id, context.fleet().poolers.at(id).url));
          ConnectionSpec through = pooler.with_database(alias).with_user(app.keywords["user"], app.password);
          SessionOptions options;
          options.application_name = context.application_name();
          options.console = true;  // a setting would stay with the pooler's session, and meet its next client
          auto session = co_await context.services.sessions.open(std::move(through), std::move(options));
          if (!session) {
            Error error = std::move(session).error();
            if (error.remedy.empty()) error.remedy = "see the pooler's log: its auth_file or auth_query must know the role on the new server too";
            co_return std::move(error).within(fmt::format("role \"{}\" can't log in through pooler {}, alias \"{}\"", app.keywords["user"], id, alias));
          }
          auto answer = co_await (*session)->script("select 1");
          if (!answer) co_return std::move(answer).error().within(fmt::format("role \"{}\" gets no answer through pooler {}", app.keywords["user"], id));
          (*session)->close();
          ++logins;
        }
    }
    co_return logins;
  }

  static Task<Result<RedeployOutcome>> hand_over(StepContext& context, Environment environment) {
    RedeployOutcome outcome;
    std::set<std::string> by_hand;
    for (const Binding& binding : environment.bindings)
      if (is_bound_by_hand(context, environment, binding)) by_hand.insert(binding.instance);
    CO_TRY(auto pairs, pairs_of(context, environment));
    for (const Pair& pair : pairs) {
      if (!by_hand.contains(pair.instance)) continue;
      CO_TRY(std::string url, co_await new_url_of(context, pair.instance));
      outcome.new_urls.push_back(std::move(url));
    }
    if (outcome.new_urls.empty() && !pairs.empty()) {
      CO_TRY(const int logins, co_await log_in_through_poolers(context, environment));
      outcome.health = logins > 0 ? fmt::format("its clients go on through its poolers ({} login{} tried)", logins, logins == 1 ? "" : "s")
                                  : "its clients go on through its poolers (no login was tried: nobody knows its password)";
      co_return outcome;
    }
    Obligation confirm;
    confirm.id = fmt::format("r{}/t{}/confirm_binding/{}", context.work.run, context.work.planned.number, environment.id);
    confirm.kind = "confirm_binding";
    confirm.due = format_utc(context.services.clock.wall());
    confirm.data["environment"] = environment.id;
    confirm.data["new_urls"] = outcome.new_urls;
    outcome.obligations.push_back(confirm);
    outcome.health = "not ours to see";
    co_return outcome;
  }
};

}  // namespace

std::unique_ptr<Operation> make_redeploy() { return std::make_unique<Redeploy>(); }

}  // namespace pgconvoy
