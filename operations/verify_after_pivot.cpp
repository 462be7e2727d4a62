#include "operations/verify_after_pivot.hpp"

#include <fmt/format.h>

#include "engine/plan/verification.hpp"
#include "engine/postgres/late_compare.hpp"
#include "engine/run/step_context.hpp"
#include "operations/database_work.hpp"
#include "operations/differences.hpp"
#include "operations/pivot_snapshot.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(LateVerification, verdict, because, rows, bytes, tables, large_objects, not_comparable, evidence, obligations)

std::string acceptance_id(std::int64_t run, int target, const std::string& instance) {
  return fmt::format("r{}/t{}/{}/{}", run, target, kAcceptVerification, instance);
}

json accepted_difference(std::string because) {
  LateVerification accepted;
  accepted.verdict = "accepted";
  accepted.because = std::move(because);
  return accepted;
}

namespace {

struct LateIntent {
  std::string old_server, old_name, new_server, new_name;
  std::string snapshot;  // "": it is lost
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LateIntent, old_server, old_name, new_server, new_name, snapshot)

constexpr Seconds kLockLimit{0.5};

class VerifyAfterPivot final : public TypedOperation<LateIntent, LateVerification> {
 public:
  std::string name() const override { return kLateVerification; }
  std::string summary() const override {
    return "Compares every row while the application already runs, in a snapshot taken before the pivot, where that was asked for.";
  }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override { return {verification_parameter()}; }
  bool applies(const std::string&, const json& arguments) const override { return verification_of(arguments) == Verification::snapshot; }
  Estimate estimate(const EstimateInput& input) const override {
    const DatabaseFacts* database = database_of(input);
    if (database == nullptr) return {0.5, false};
    Estimate estimate{0.5, false, work_on_content(*database)};
    estimate.work.push_back({term::kRelations, static_cast<double>(database->relations)});
    return estimate;
  }

  Task<Result<LateIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    auto fence = context.intent<FenceIntent>("fence_source", id);
    auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", id);
    if (!fence || !fresh) co_return Error(ErrorKind::internal, "there is no pair of databases to compare for " + id);
    LateIntent intent;
    intent.old_server = fence->server;
    intent.old_name = fence->fenced_name;
    intent.new_server = fresh->server;
    intent.new_name = fresh->final_name;
    if (auto held = co_await held_moment(context, id)) intent.snapshot = held->snapshot;
    co_return intent;
  }

  Task<Result<LateVerification>> effect(StepContext& context, LateIntent intent) override {
    const std::string id = context.instance().id;
    auto held = co_await held_moment(context, id);
    if (!held) co_return only_counted(context, "the snapshot was lost: the session that held it has ended");
    SessionOptions reading;
    reading.application_name = context.application_name();
    reading.statement_limit = Seconds(600);
    SessionOptions short_locks = reading, looking = reading;
    short_locks.lock_limit = looking.lock_limit = kLockLimit;
    CO_TRY(auto old_session, co_await context.open(intent.old_server, intent.old_name, reading));
    CO_TRY(auto new_session, co_await context.open(intent.new_server, intent.new_name, short_locks));
    CO_TRY(auto look, co_await context.open(intent.new_server, intent.new_name, looking));
    LateOptions options;
    options.snapshot = held->snapshot;
    const std::int64_t total = context.database_facts(id).table_bytes;
    options.progress = [&context, total](std::int64_t rows, std::int64_t bytes) {
      context.progress(Progress{bytes, total, fmt::format("{} rows compared, the application runs", rows)});
    };
    const LateSessions sessions{*old_session, *new_session, *look, *held->session};
    CO_TRY(LateComparison compared, co_await compare_with_snapshot(sessions, options));
    let_go_of_new_database(context, id);
    if (!compared.differences.empty()) co_return found_different(context, std::move(compared.differences), intent);
    co_return concluded(context, std::move(compared));
  }

  // It only reads; but the snapshot is gone by now, and what was seen in it can't be seen to be otherwise.
  Task<Result<Seen>> look(StepContext& context, LateIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::absent;
    const auto record = context.work.record.steps.find(context.step.path);
    if (record != context.work.record.steps.end() && record->second.error.is_object() && record->second.error.value("kind", "") == to_string(ErrorKind::corrupt)) {
      seen.verdict = Probe::Verdict::unknown;
      seen.detail = "contents were found different: pgconvoy accept, or a rollback";
    }
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext& context, LateIntent, std::optional<LateVerification>) override {
    let_go_of_new_database(context, context.instance().id);
    co_return std::string("nothing to take back");
  }

 private:
  static Error found_different(const StepContext& context, std::vector<Difference> differences, const LateIntent& intent) {
    Comparison comparison;
    comparison.differences = std::move(differences);
    Error error = differences_error(comparison, intent.new_server);
    const std::string name = fmt::format("r{} {}", context.work.run, context.work.planned.target.id);
    error.message = "found after the pivot, in the snapshot of the moment before it: " + error.message;
    error.remedy = fmt::format(
        "the application runs on the new database; \"{0}\" on {1} is fenced and complete. See which rows are wrong there and put them right, then pgconvoy accept {2} "
        "--reason TEXT and pgconvoy retry {2}; or pgconvoy rollback {2} --accept-data-loss, which gives up what was written since",
        intent.old_name, intent.old_server, name);
    return error;
  }

  static LateVerification only_counted(const StepContext& context, std::string because) {
    LateVerification outcome;
    outcome.verdict = to_string(Verification::counts);
    outcome.because = std::move(because);
    Obligation accept;
    accept.id = acceptance_id(context.work.run, context.work.planned.number, context.instance().id);
    accept.kind = kAcceptVerification;
    accept.due = format_utc(context.services.clock.wall());
    accept.data = {{"instance", context.instance().id}, {"because", outcome.because}};
    outcome.obligations.push_back(std::move(accept));
    return outcome;
  }

  static LateVerification concluded(const StepContext& context, LateComparison compared) {
    LateVerification outcome;
    if (!compared.lost.empty()) {
      outcome = only_counted(context, "the snapshot was lost: " + compared.lost);
    } else if (!compared.unread.empty()) {
      outcome = only_counted(context, fmt::format("{} of {} tables could not be read, such as {}: {}", compared.unread.size(), compared.tables.size() + compared.unread.size(),
                                                  compared.unread.begin()->first, compared.unread.begin()->second));
    } else {
      outcome.verdict = "equal";
    }
    outcome.rows = compared.rows;
    outcome.bytes = compared.bytes;
    outcome.tables = static_cast<std::int64_t>(compared.tables.size());
    outcome.large_objects = compared.large_objects;
    outcome.not_comparable = std::move(compared.not_comparable);
    for (const auto& [name, content] : compared.tables) outcome.evidence.push_back({name, content.rows, content.bytes, content.checksum});
    limit_evidence(outcome.evidence);
    return outcome;
  }
};

}  // namespace

std::unique_ptr<Operation> make_verify_after_pivot() { return std::make_unique<VerifyAfterPivot>(); }

}  // namespace pgconvoy
