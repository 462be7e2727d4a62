#include "operations/hold_snapshot.hpp"

#include <fmt/format.h>

#include "engine/run/step_context.hpp"
#include "operations/rehearsal.hpp"

namespace pgconvoy {
namespace {

struct HoldIntent {
  std::string server, name;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(HoldIntent, server, name)

// Tables that have rows of their own to be read: pg_dump locks the same.
constexpr const char* kTablesToLock =
    "select format('only %I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by c.oid";

// The locks come before the first look: a table that is truncated or rewritten between the two would be seen empty.
Task<Result<HoldOutcome>> hold(Session& session) {
  HoldOutcome outcome;
  outcome.backend = session.backend_pid();
  CO_TRY(const Rows tables, co_await session.query(kTablesToLock));
  std::string list;
  for (std::size_t i = 0; i < tables.size(); ++i) list += (list.empty() ? "" : ", ") + tables.text(i, 0);
  outcome.tables = static_cast<int>(tables.size());
  std::string begin = "begin transaction isolation level repeatable read, read only;\nset local idle_in_transaction_session_timeout = 0;\n";
  if (!list.empty()) begin += fmt::format("lock table {} in access share mode;\n", list);
  auto begun = co_await session.script(std::move(begin));
  if (!begun) {
    Error error = std::move(begun).error();
    // Somebody dropped one between the two statements.
    error.retryable = error.retryable || error.sqlstate == "42P01" || error.sqlstate == "3F000";
    co_return error;
  }
  CO_TRY(const Rows exported, co_await session.query("select pg_export_snapshot()"));
  outcome.snapshot = exported.text(0, 0);
  co_return outcome;
}

class Hold final : public TypedOperation<HoldIntent, HoldOutcome> {
 public:
  std::string name() const override { return "hold_snapshot"; }
  std::string summary() const override {
    return "Holds one moment of the live source in a read-only transaction, as a dump does: nothing is stopped, no write waits.";
  }
  Subject subject() const override { return Subject::instance; }
  Estimate estimate(const EstimateInput&) const override { return {0.05, false}; }

  Task<Result<HoldIntent>> plan_effect(StepContext& context) override {
    HoldIntent intent;
    intent.server = context.source_server(context.instance().id).id;
    intent.name = context.instance().database;
    co_return intent;
  }

  Task<Result<HoldOutcome>> effect(StepContext& context, HoldIntent intent) override {
    SessionOptions options;
    options.application_name = context.application_name();
    options.statement_limit = Seconds(600);
    CO_TRY(auto session, co_await context.open(intent.server, intent.name, options));
    CO_TRY(HoldOutcome outcome, co_await hold(*session));
    hold_snapshot_in(context, context.instance().id, std::move(session));
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, HoldIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::absent;  // another moment is as good
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext& context, HoldIntent, std::optional<HoldOutcome>) override {
    let_go_of_snapshot(context, context.instance().id);
    co_return std::string("the snapshot is let go of");
  }
};

}  // namespace

std::unique_ptr<Operation> make_hold_snapshot() { return std::make_unique<Hold>(); }

}  // namespace pgconvoy
