#include "operations/refresh_collation_versions.hpp"

#include <fmt/format.h>

#include "engine/run/step_context.hpp"
#include "operations/changed_collations.hpp"

namespace pgconvoy {
namespace {

struct RefreshIntent {
  std::string server, database;
};
struct RefreshOutcome {
  std::vector<std::string> refreshed;  // "the database's own: 2.31 to 2.36"
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RefreshIntent, server, database)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RefreshOutcome, refreshed)

class RefreshCollationVersions final : public TypedOperation<RefreshIntent, RefreshOutcome> {
 public:
  std::string name() const override { return "refresh_collation_versions"; }
  std::string summary() const override { return "Records that all that sorts by the database's collations is built with their present versions: after rebuild_collated_indexes."; }
  Subject subject() const override { return Subject::instance; }
  Estimate estimate(const EstimateInput&) const override { return {0.05, false}; }

  Task<Result<RefreshIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    // The server warns until then, and with reason.
    if (context.outcome_of("rebuild_collated_indexes", id).is_null())
      co_return Error(ErrorKind::refused, fmt::format("the indexes of instance {} were not rebuilt in this run: they may sort by the old versions", id),
                      "put rebuild_collated_indexes before refresh_collation_versions");
    RefreshIntent intent;
    intent.server = context.target_server(id).id;
    intent.database = context.instance().database;
    co_return intent;
  }
  Task<Result<RefreshOutcome>> effect(StepContext& context, RefreshIntent intent) override {
    CO_TRY(SessionPtr session, co_await open_it(context, intent));
    CO_TRY(const auto changed, co_await changed_collations(*session));
    RefreshOutcome outcome;
    std::string sql;
    for (const ChangedCollation& each : changed) {
      sql += each.name.empty() ? fmt::format("alter database {} refresh collation version;\n", session->quote_identifier(intent.database))
                               : fmt::format("alter collation {} refresh version;\n", each.name);
      outcome.refreshed.push_back(fmt::format("{}: {} to {}", each.name.empty() ? "the database's own" : each.name, each.kept, each.actual));
    }
    if (sql.empty()) co_return outcome;
    auto done = co_await session->script(std::move(sql));
    if (!done) co_return std::move(done).error();
    co_return outcome;
  }
  Task<Result<Seen>> look(StepContext&, RefreshIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::absent;  // refreshing again does no harm
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext&, RefreshIntent, std::optional<RefreshOutcome>) override {
    co_return std::string("the versions stay: the indexes are built with them");
  }

 private:
  static Task<Result<SessionPtr>> open_it(StepContext& context, RefreshIntent intent) {
    SessionOptions options;
    options.application_name = context.application_name();
    co_return co_await context.open(intent.server, intent.database, options);
  }
};

}  // namespace

std::unique_ptr<Operation> make_refresh_collation_versions() { return std::make_unique<RefreshCollationVersions>(); }

}  // namespace pgconvoy
