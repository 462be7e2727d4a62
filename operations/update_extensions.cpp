#include "operations/update_extensions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/run/step_context.hpp"
#include "operations/database_work.hpp"

namespace pgconvoy {
namespace {

constexpr Seconds kUpdateLimit{3600};  // an update script may rewrite what is of its extension's types

struct ExtensionUpdate {
  std::string name, from, to;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ExtensionUpdate, name, from, to)

struct UpdateIntent {
  std::string server, database;
  std::vector<ExtensionUpdate> updates;  // in the order in which they were made: what one needs comes before it
};
struct UpdateOutcome {
  std::vector<ExtensionUpdate> updates;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(UpdateIntent, server, database, updates)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(UpdateOutcome, updates)

// $1: the one that is meant, or ''; $2: the version that is meant, or ''. Columns: name, version now, version to be, whether
// there is a way between them, and whether the server offers the extension at all.
constexpr const char* kUpdates =
    "select e.extname, e.extversion, coalesce(nullif($2, ''), a.default_version), "
    "(select p.path is not null from pg_extension_update_paths(e.extname) p where p.source = e.extversion and "
    "p.target = coalesce(nullif($2, ''), a.default_version)), a.name is not null "
    "from pg_extension e left join pg_available_extensions a on a.name = e.extname where $1 in ('', e.extname::text) order by e.oid";

// The version that each of them has now.
constexpr const char* kVersions = "select extname, extversion from pg_extension";

std::string version_in(const Rows& rows, const std::string& extension) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows.text(i, 0) == extension) return rows.text(i, 1);
  return "";
}

std::string statements_for(const Session& session, const std::vector<ExtensionUpdate>& updates) {
  std::string sql;
  for (const ExtensionUpdate& each : updates)
    sql += fmt::format("alter extension {} update to {};\n", session.quote_identifier(each.name), session.quote_literal(each.to));
  return sql;
}

class UpdateExtensions final : public TypedOperation<UpdateIntent, UpdateOutcome> {
 public:
  std::string name() const override { return "update_extensions"; }
  std::string summary() const override { return "Updates the extensions of a database to the versions that its server offers, in one transaction."; }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"extension", Parameter::Type::text, "", "The one that is meant; empty: each that the database has."},
            {"version", Parameter::Type::text, "", "The version that it gets; empty: the default of the server's control file."}};
  }
  Estimate estimate(const EstimateInput& input) const override {
    const DatabaseFacts* database = database_of(input);
    return {0.05 + 0.2 * (database == nullptr ? 1.0 : static_cast<double>(database->extensions.size())), false};
  }

  Task<Result<UpdateIntent>> plan_effect(StepContext& context) override {
    UpdateIntent intent;
    intent.server = context.target_server(context.instance().id).id;
    intent.database = context.instance().database;
    const std::string only = context.arguments().value("extension", ""), version = context.arguments().value("version", "");
    if (only.empty() && !version.empty()) co_return Error(ErrorKind::usage, "update_extensions: a version is one extension's: name it");
    CO_TRY(SessionPtr session, co_await open_here(context, intent));
    std::vector<Value> parameters{only, version};
    CO_TRY(const Rows rows, co_await session->query(kUpdates, parameters));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const ExtensionUpdate update{rows.text(i, 0), rows.text(i, 1), rows.text(i, 2)};
      if (!rows.truth(i, 4))
        co_return Error(ErrorKind::refused, fmt::format("extension {} of database \"{}\": the server doesn't offer it any more", update.name, intent.database),
                        "install its package on the server, or name the extensions that are meant")
            .on(intent.server);
      if (update.from == update.to) continue;
      if (!rows.truth(i, 3))
        co_return Error(ErrorKind::refused, fmt::format("extension {} of database \"{}\": there is no way from version {} to {}", update.name, intent.database,
                                                        update.from, update.to),
                        "SELECT * FROM pg_extension_update_paths('...') shows the ways that there are")
            .on(intent.server);
      intent.updates.push_back(update);
    }
    co_return intent;
  }

  Task<Result<UpdateOutcome>> effect(StepContext& context, UpdateIntent intent) override {
    UpdateOutcome outcome;
    outcome.updates = intent.updates;
    if (intent.updates.empty()) co_return outcome;
    CO_TRY(SessionPtr session, co_await open_here(context, intent));
    auto updated = co_await session->script(statements_for(*session, intent.updates), kUpdateLimit);
    if (!updated) co_return std::move(updated).error();
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext& context, UpdateIntent intent) override {
    CO_TRY(SessionPtr session, co_await open_here(context, intent));
    CO_TRY(const Rows now, co_await session->query(kVersions));
    std::size_t there = 0, before = 0;
    for (const ExtensionUpdate& each : intent.updates) {
      const std::string version = version_in(now, each.name);
      there += version == each.to;
      before += version == each.from;
    }
    Seen seen;
    seen.outcome.updates = intent.updates;
    seen.detail = fmt::format("{} of {} extensions have their new version", there, intent.updates.size());
    if (there == intent.updates.size())
      seen.verdict = Probe::Verdict::done;
    else if (before == intent.updates.size())
      seen.verdict = Probe::Verdict::absent;
    co_return seen;  // else somebody else has changed them: unknown
  }

  // Few extensions have scripts that lead back.
  Task<Result<std::string>> take_back(StepContext& context, UpdateIntent intent, std::optional<UpdateOutcome>) override {
    CO_TRY(SessionPtr session, co_await open_here(context, intent));
    CO_TRY(const Rows now, co_await session->query(kVersions));
    std::vector<ExtensionUpdate> back;
    for (auto each = intent.updates.rbegin(); each != intent.updates.rend(); ++each)
      if (version_in(now, each->name) == each->to) back.push_back({each->name, each->to, each->from});
    if (back.empty()) co_return std::string("the extensions have their old versions");
    for (const ExtensionUpdate& each : back) {
      std::vector<Value> parameters{each.name, each.from, each.to};
      CO_TRY(const Rows way, co_await session->query("select path is not null from pg_extension_update_paths($1) where source = $2 and target = $3", parameters));
      if (way.empty() || !way.truth(0, 0))
        co_return Error(ErrorKind::refused, fmt::format("extension {} of database \"{}\" has version {} now, and has no script that leads back to {}", each.name,
                                                        intent.database, each.from, each.to),
                        "the database works with it: go forward with retry, or record with resolve that it stays")
            .on(intent.server);
    }
    auto taken_back = co_await session->script(statements_for(*session, back), kUpdateLimit);
    if (!taken_back) co_return std::move(taken_back).error();
    co_return fmt::format("{} extensions have their old versions again", back.size());
  }

 private:
  // As the administrator: most extensions belong to a superuser, and scripts of those that don't run with its rights by the server's own rule.
  static Task<Result<SessionPtr>> open_here(StepContext& context, UpdateIntent intent) {
    SessionOptions options;
    options.application_name = context.application_name();
    co_return co_await context.open(intent.server, intent.database, options);
  }
};

}  // namespace

std::unique_ptr<Operation> make_update_extensions() { return std::make_unique<UpdateExtensions>(); }

}  // namespace pgconvoy
