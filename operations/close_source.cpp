#include "operations/close_source.hpp"

#include <fmt/format.h>

#include "engine/run/step_context.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {
namespace {

struct CloseIntent {
  std::string server, fenced_name;
  std::int64_t oid = 0;
};
struct CloseOutcome {
  bool closed = true;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CloseIntent, server, fenced_name, oid)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CloseOutcome, closed)

Task<Result<Rows>> find_database(Session& maintenance, CloseIntent intent) {
  std::vector<Value> parameters{std::to_string(intent.oid), intent.fenced_name};
  co_return co_await maintenance.query(
      "select datallowconn from pg_database where oid = $1::oid and datname = $2", parameters);
}

Task<Result<void>> allow(Session& maintenance, CloseIntent intent, bool connections) {
  auto done = co_await maintenance.script(
      fmt::format("alter database {} allow_connections {}", maintenance.quote_identifier(intent.fenced_name), connections));
  if (!done) co_return done.error();
  co_return Result<void>();
}

class CloseSource final : public TypedOperation<CloseIntent, CloseOutcome> {
 public:
  std::string name() const override { return "close_source"; }
  std::string summary() const override { return "Closes the fenced old database: no connections, not even ours."; }
  Subject subject() const override { return Subject::instance; }
  Estimate estimate(const EstimateInput&) const override { return {0.02, false}; }

  Task<Result<CloseIntent>> plan_effect(StepContext& context) override {
    auto fence = context.intent<FenceIntent>("fence_source", context.instance().id);
    if (!fence)
      co_return Error(ErrorKind::internal, "there is no fence around instance " + context.instance().id + " to close");
    CloseIntent intent;
    intent.server = fence->server;
    intent.fenced_name = fence->fenced_name;
    intent.oid = fence->oid;
    co_return intent;
  }
  Task<Result<CloseOutcome>> effect(StepContext& context, CloseIntent intent) override {
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    CO_TRY_VOID(co_await allow(*maintenance, intent, false));
    CloseOutcome outcome;
    co_return outcome;
  }
  Task<Result<Seen>> look(StepContext& context, CloseIntent intent) override {
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    CO_TRY(Rows rows, co_await find_database(*maintenance, intent));
    Seen seen;
    if (rows.empty()) {
      seen.detail = fmt::format("\"{}\" is not there", intent.fenced_name);
      co_return seen;  // unknown
    }
    seen.verdict = rows.truth(0, 0) ? Probe::Verdict::absent : Probe::Verdict::done;
    seen.detail = rows.truth(0, 0) ? "it allows connections" : "it refuses connections";
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext& context, CloseIntent intent, std::optional<CloseOutcome>) override {
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    CO_TRY(Rows rows, co_await find_database(*maintenance, intent));
    if (rows.empty())
      co_return Error(ErrorKind::conflict, fmt::format("the old database \"{}\" is not there any more", intent.fenced_name))
          .on(intent.server);
    CO_TRY_VOID(co_await allow(*maintenance, intent, true));
    co_return fmt::format("\"{}\" allows our connections again", intent.fenced_name);
  }
};

}  // namespace

std::unique_ptr<Operation> make_close_source() { return std::make_unique<CloseSource>(); }

}  // namespace pgconvoy
