#include "operations/analyze_restored_services.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "engine/run/step_context.hpp"
#include "operations/database_work.hpp"
#include "operations/handles.hpp"
#include "operations/pause_limit.hpp"
#include "operations/tenant_login.hpp"

namespace pgconvoy {
namespace {

struct AnalyzeIntent {
  std::string server, name;
};
struct AnalyzeOutcome {
  int relations = 0;
  std::vector<std::string> unreached;  // their rows are partly elsewhere, and weren't to be had
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(AnalyzeIntent, server, name)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(AnalyzeOutcome, relations, unreached)

// ANALYZE evaluates expressions of indexes and statistics: a tenant's relations are analysed in a tenant's session.
Task<Result<void>> analyze(Session& session, std::string list) {
  if (list.empty()) co_return Result<void>();
  auto done = co_await session.script("analyze " + std::move(list), Seconds(3600));
  if (!done) co_return done.error();
  co_return Result<void>();
}

// A table whose rows are partly in foreign tables: ANALYZE asks the servers behind these, too, and whether those answer is no
// matter of the move. What it fails on keeps the statistics that a new table has.
constexpr Seconds kForeignLimit{10};

Task<void> analyze_alone(Session& session, std::vector<std::string> relations, Seconds limit, std::vector<std::string>& unreached) {
  for (const std::string& relation : relations) {
    auto done = co_await session.script("analyze " + relation, limit);
    if (!done) unreached.push_back(relation);
    if (!session.usable()) co_return;
  }
}

// Of relations of one owner.
struct ToAnalyze {
  std::string list;
  std::vector<std::string> together;  // the same, one by one
  std::vector<std::string> alone;
};

constexpr const char* kRelations =
    "with recursive below(top, relid) as (select inhparent, inhrelid from pg_inherits union "
    "select b.top, i.inhrelid from below b join pg_inherits i on i.inhparent = b.relid) "
    "select r.rolsuper, format('%I.%I', n.nspname, c.relname), r.rolname, "
    "c.oid in (select b.top from below b join pg_class f on f.oid = b.relid where f.relkind = 'f') "
    "from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = c.relowner "
    "where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' "
    "{} order by c.relpages desc";

// A transfer analyses ordinary tables as soon as they have their rows. Nobody but us has been in since, and a table's rows came in
// one transaction, so what has statistics has those of all rows. More than the table alone: not with its own statistics.
constexpr const char* kWithoutStatistics =
    "and (c.relkind <> 'r' or not exists (select from pg_statistic s where s.starelid = c.oid and not s.stainherit) "
    "or exists (select from pg_inherits i where i.inhparent = c.oid) or exists (select from pg_statistic_ext x where x.stxrelid = c.oid))";

class Analyze final : public TypedOperation<AnalyzeIntent, AnalyzeOutcome> {
 public:
  std::string name() const override { return "analyze_restored_services"; }
  std::string summary() const override { return "Analyses every table, partitioned parents too, before the app meets them."; }
  Subject subject() const override { return Subject::instance; }
  Estimate estimate(const EstimateInput& input) const override {
    const DatabaseFacts* database = database_of(input);
    if (database == nullptr) return {0.3, false};
    return {0.3, false, {{term::kTables, static_cast<double>(database->tables)}, {term::kTableBytes, static_cast<double>(database->table_bytes)}}};
  }

  Task<Result<AnalyzeIntent>> plan_effect(StepContext& context) override {
    auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", context.instance().id);
    if (!fresh) co_return Error(ErrorKind::internal, "there is no new database to analyse for " + context.instance().id);
    AnalyzeIntent intent;
    intent.server = fresh->server;
    intent.name = fresh->temporary_name;
    co_return intent;
  }

  Task<Result<AnalyzeOutcome>> effect(StepContext& context, AnalyzeIntent intent) override {
    SessionOptions options;
    options.application_name = context.application_name();
    options.settings = {{"synchronous_commit", "off"}};
    AnalyzeOutcome outcome;
    std::map<std::string, ToAnalyze> of_tenants;  // by owner
    {
      CO_TRY(auto inside, co_await context.open(intent.server, intent.name, options));
      const bool transferred = !context.outcome_of("transfer_to_prepared_services", context.instance().id).is_null();
      CO_TRY(Rows rows, co_await inside->query(fmt::format(kRelations, transferred ? kWithoutStatistics : "")));
      ToAnalyze of_superusers;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        ToAnalyze& of_owner = rows.truth(i, 0) ? of_superusers : of_tenants[rows.text(i, 2)];
        if (rows.truth(i, 3)) {
          of_owner.alone.push_back(rows.text(i, 1));
        } else {
          of_owner.list += (of_owner.list.empty() ? "" : ", ") + rows.text(i, 1);
          of_owner.together.push_back(rows.text(i, 1));
        }
      }
      outcome.relations = static_cast<int>(rows.size());
      CO_TRY_VOID(co_await within_pause(context, "ANALYZE", analyze(*inside, of_superusers.list)));
      co_await analyze_alone(*inside, of_superusers.alone, kForeignLimit, outcome.unreached);
    }
    TenantLogins tenants(context, intent.server, intent.name);
    for (const auto& [owner, relations] : of_tenants) {
      const std::set<std::string> rights{owner};
      CO_TRY(ConnectionSpec tenant, co_await tenants.of(rights, false));
      CO_TRY(auto session, co_await context.services.sessions.open(tenant, options));
      auto analyzed = co_await within_pause(context, "ANALYZE", analyze(*session, relations.list));
      if (!analyzed && analyzed.error().sqlstate == "42501") {
        // An owner may be kept out of its relation's schema. Without names no schema is looked into; what is not the
        // owner's is passed over with a warning each.
        CO_TRY(auto anew, co_await context.services.sessions.open(tenant, options));
        auto quiet = co_await anew->script("set client_min_messages = error");
        if (!quiet) co_return quiet.error();
        const std::string everything = "(verbose off)";
        analyzed = co_await within_pause(context, "ANALYZE", analyze(*anew, everything));
        // A function of an index that its owner may no longer call: the server's own ANALYZE passes such a table over, too.
        if (!analyzed && analyzed.error().sqlstate == "42501" && anew->usable()) {
          co_await analyze_alone(*anew, relations.together, Seconds(3600), outcome.unreached);
          analyzed = Result<void>();
        }
      }
      if (!analyzed) co_return analyzed.error();
      if (session->usable()) co_await analyze_alone(*session, relations.alone, kForeignLimit, outcome.unreached);
    }
    CO_TRY_VOID(co_await drop_tenant_logins(context, intent.server, intent.name));
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, AnalyzeIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::absent;  // analysing again does no harm
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext& context, AnalyzeIntent intent, std::optional<AnalyzeOutcome>) override {
    CO_TRY_VOID(co_await drop_tenant_logins(context, intent.server, intent.name));
    co_return std::string("the tenant's session is gone");
  }
};

}  // namespace

std::unique_ptr<Operation> make_analyze_restored_services() { return std::make_unique<Analyze>(); }

}  // namespace pgconvoy
