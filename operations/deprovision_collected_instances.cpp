#include "operations/deprovision_collected_instances.hpp"

#include <fmt/format.h>

#include "engine/plan/verification.hpp"
#include "engine/run/step_context.hpp"
#include "operations/drop_source.hpp"
#include "operations/handles.hpp"
#include "operations/new_url.hpp"
#include "operations/poolers.hpp"
#include "operations/verify_after_pivot.hpp"

namespace pgconvoy {

namespace {

struct DeprovisionIntent {
  DropOrder order;
  double retention = 0;       // seconds
  bool waits_for_confirmation = false;
  std::string acceptance;  // obligation that waits for a person, since contents were never compared; "": none
};
struct DeprovisionOutcome {
  bool dropped = false;
  std::vector<Obligation> obligations;  // the runner journals them with the outcome
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(DeprovisionIntent, order, retention, waits_for_confirmation, acceptance)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(DeprovisionOutcome, dropped, obligations)

std::string obligation_id(const StepContext& context, const std::string& kind, const std::string& subject) {
  return fmt::format("r{}/t{}/{}/{}", context.work.run, context.work.planned.number, kind, subject);
}

// Where contents were to be compared late: they were, or a person has accepted what was found, or is asked to. Then it is the id
// of what he owes; "": nothing.
Result<std::string> contents_compared(const StepContext& context, const std::string& instance) {
  for (const StepPlan& step : context.work.planned.steps) {
    if (step.operation != kLateVerification || step.subject != instance) continue;
    const auto late = context.outcome<LateVerification>(kLateVerification, instance);
    if (!late) return Error(ErrorKind::refused, "the contents of instance " + instance + " were not compared, its old database is not dropped");
    return late->obligations.empty() ? std::string() : late->obligations.front().id;
  }
  return std::string();
}

class Deprovision final : public TypedOperation<DeprovisionIntent, DeprovisionOutcome> {
 public:
  std::string name() const override { return "deprovision_collected_instances"; }
  std::string summary() const override { return "Drops the old database after the retention; until then it stays fenced."; }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"retention", Parameter::Type::duration, "7d", "How long the fenced old database is kept; 0 drops it at once."}};
  }
  Estimate estimate(const EstimateInput&) const override { return {0.05, false}; }

  Task<Result<DeprovisionIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    auto fence = context.intent<FenceIntent>("fence_source", id);
    if (!fence) co_return Error(ErrorKind::internal, "instance " + id + " was never fenced, it is not dropped");
    if (context.outcome_of("verify_restored_services", id).is_null())
      co_return Error(ErrorKind::refused, "instance " + id + " was not verified, its old database is not dropped");
    CO_TRY(const std::string acceptance, contents_compared(context, id));
    DeprovisionIntent intent;
    intent.acceptance = acceptance;
    intent.order.instance = id;
    intent.order.server = fence->server;
    intent.order.database = fence->name;
    intent.order.fenced_name = fence->fenced_name;
    intent.order.system_identifier = fence->system_identifier;
    intent.order.oid = fence->oid;
    intent.retention = context.arguments().value("retention", 7 * 86400.0);
    // What nobody binds is bound by somebody whom the fleet doesn't know.
    const auto bindings = context.bindings_of(id);
    intent.waits_for_confirmation = bindings.empty() || !acceptance.empty();
    for (const auto& [environment, binding] : bindings)
      if (is_bound_by_hand(context, *environment, *binding)) intent.waits_for_confirmation = true;
    co_return intent;
  }

  Task<Result<DeprovisionOutcome>> effect(StepContext& context, DeprovisionIntent intent) override {
    DeprovisionOutcome outcome;
    if (intent.retention <= 0 && !intent.waits_for_confirmation) {
      CO_TRY(Session * maintenance, co_await context.maintenance(intent.order.server));
      OpenDatabase open = opener(context, intent.order.server);
      CO_TRY_VOID(co_await drop_source(context.provisioner(intent.order.server), context.identity(), *maintenance, intent.order, std::move(open)));
      outcome.dropped = true;
      co_return outcome;
    }
    Obligation obligation;
    obligation.id = obligation_id(context, "drop_source", intent.order.instance);
    obligation.kind = "drop_source";
    obligation.due = format_utc(context.services.clock.wall() +
                                std::chrono::duration_cast<std::chrono::system_clock::duration>(Seconds(intent.retention)));
    obligation.waits_for = intent.acceptance;  // cleanup asks for it also where a binding is waited for
    const auto bindings = context.bindings_of(intent.order.instance);
    if (bindings.empty()) {
      Obligation confirm;
      confirm.id = obligation_id(context, "confirm_binding", intent.order.instance);
      confirm.kind = "confirm_binding";
      confirm.due = format_utc(context.services.clock.wall());
      confirm.data["instance"] = intent.order.instance;
      CO_TRY(const std::string url, co_await new_url_of(context, intent.order.instance));
      confirm.data["new_urls"] = std::vector<std::string>{url};
      obligation.waits_for = confirm.id;
      outcome.obligations.push_back(std::move(confirm));
    }
    for (const auto& [environment, binding] : bindings)
      if (is_bound_by_hand(context, *environment, *binding))
        obligation.waits_for = obligation_id(context, "confirm_binding", environment->id);
    obligation.data = json(intent.order);
    outcome.obligations.push_back(obligation);
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext& context, DeprovisionIntent intent) override {
    Seen seen;
    if (intent.retention > 0 || intent.waits_for_confirmation) {
      seen.verdict = Probe::Verdict::absent;  // its only effect is what the journal would say
      co_return seen;
    }
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.order.server));
    std::vector<Value> parameters{std::to_string(intent.order.oid), intent.order.fenced_name};
    CO_TRY(Rows rows, co_await maintenance->query("select 1 from pg_database where oid = $1::oid and datname = $2", parameters));
    seen.verdict = rows.empty() ? Probe::Verdict::done : Probe::Verdict::absent;
    seen.outcome.dropped = rows.empty();
    seen.detail = rows.empty() ? "the old database is gone" : "the old database is still there";
    co_return seen;
  }

  Task<Result<std::string>> take_back(StepContext& context, DeprovisionIntent intent,
                                      std::optional<DeprovisionOutcome>) override {
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.order.server));
    std::vector<Value> parameters{std::to_string(intent.order.oid), intent.order.fenced_name};
    CO_TRY(Rows rows, co_await maintenance->query("select 1 from pg_database where oid = $1::oid and datname = $2", parameters));
    if (rows.empty())
      co_return Error(ErrorKind::refused,
                      fmt::format("the old database \"{}\" was dropped already; there is nothing to go back to",
                                  intent.order.database),
                      "its backup is still there: pgconvoy backups list")
          .on(intent.order.server);
    co_return std::string("the old database stays");
  }
};

}  // namespace

std::unique_ptr<Operation> make_deprovision_collected_instances() { return std::make_unique<Deprovision>(); }

}  // namespace pgconvoy
