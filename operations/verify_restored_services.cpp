#include "operations/verify_restored_services.hpp"

#include <fmt/format.h>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "engine/plan/verification.hpp"
#include "engine/plan/way.hpp"
#include "engine/postgres/compare.hpp"
#include "engine/run/step_context.hpp"
#include "operations/database_work.hpp"
#include "operations/differences.hpp"
#include "operations/handles.hpp"
#include "operations/pause_limit.hpp"
#include "operations/transfer_to_prepared_services.hpp"

namespace pgconvoy {
namespace {

// Of what reading and hashing both sides takes.
constexpr double kCounting = 0.1;

struct VerifyIntent {
  std::string old_server, old_name, new_server, new_name;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(VerifyIntent, old_server, old_name, new_server, new_name)

class Verify final : public TypedOperation<VerifyIntent, VerifyOutcome> {
 public:
  std::string name() const override { return "verify_restored_services"; }
  std::string summary() const override {
    return "Compares old and new database: catalogues, privileges, sequences, large objects, every row of every table.";
  }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"content", Parameter::Type::boolean, true, "Compare every row, not only catalogues and sequences."}, verification_parameter()};
  }
  // Both sides are read at the same time.
  Estimate estimate(const EstimateInput& input) const override {
    const DatabaseFacts* database = database_of(input);
    if (database == nullptr) return {0.3, false};
    Estimate estimate{0.3, false};
    // By short-pause the copying has proved or counted rows.
    if (input.way != kShortPause && input.arguments.value("content", true)) {
      estimate.work = work_on_content(*database);
      if (verification_of(input.arguments) != Verification::before)
        for (Work& each : estimate.work) each.amount *= kCounting;
    }
    estimate.work.push_back({term::kRelations, static_cast<double>(database->relations)});
    return estimate;
  }

  Task<Result<VerifyIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    auto fence = context.intent<FenceIntent>("fence_source", id);
    auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", id);
    if (!fence || !fresh) co_return Error(ErrorKind::internal, "there is no pair of databases to compare for " + id);
    VerifyIntent intent;
    intent.old_server = fence->server;
    intent.old_name = fence->fenced_name;
    intent.new_server = fresh->server;
    intent.new_name = fresh->temporary_name;
    co_return intent;
  }

  Task<Result<VerifyOutcome>> effect(StepContext& context, VerifyIntent intent) override {
    SessionOptions options;
    options.application_name = context.application_name();
    options.statement_limit = Seconds(600);
    using namespace asio::experimental::awaitable_operators;
    SessionOptions same = options;
    auto opening_old = context.open(intent.old_server, intent.old_name, options);
    auto opening_new = context.open(intent.new_server, intent.new_name, same);
    auto [opened_old, opened_new] = co_await (std::move(opening_old) && std::move(opening_new));
    if (!opened_old) co_return std::move(opened_old).error();
    if (!opened_new) co_return std::move(opened_new).error();
    const SessionPtr old_session = std::move(*opened_old), new_session = std::move(*opened_new);
    CompareOptions compare;
    // Rows that were proved while they were copied stay as they are: nobody but us is in the new database.
    const auto copied = context.outcome<TransferOutcome>("transfer_to_prepared_services", context.instance().id);
    const Verification mode = verification_of(context.arguments());
    const bool rows = context.arguments().value("content", true) && !copied;
    compare.content = rows && mode == Verification::before;
    compare.counts = rows && mode != Verification::before;
    const std::int64_t total = context.database_facts(context.instance().id).table_bytes;
    compare.progress = [&context, total](std::int64_t rows, std::int64_t bytes) {
      context.progress(Progress{bytes, total, fmt::format("{} rows compared", rows)});
    };
    auto comparing = compare_databases(*old_session, *new_session, compare);
    CO_TRY(Comparison result, co_await within_pause(context, "the comparison", std::move(comparing)));
    if (!result.equal()) co_return differences_error(result, intent.new_server);
    VerifyOutcome outcome = verified(result);
    outcome.mode = to_string(mode);
    if (compare.counts) outcome.evidence.clear();  // there is no checksum of what was only counted
    if (copied) {
      outcome.rows = copied->rows;
      outcome.bytes = copied->bytes;
      outcome.tables = copied->tables;
      outcome.large_objects = copied->large_objects;
    }
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, VerifyIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::absent;  // it only reads: reading again is right
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext&, VerifyIntent, std::optional<VerifyOutcome>) override {
    co_return std::string("nothing to take back");
  }
};

}  // namespace

std::unique_ptr<Operation> make_verify_restored_services() { return std::make_unique<Verify>(); }

}  // namespace pgconvoy
