#include "operations/rebuild_collated_indexes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/run/step_context.hpp"
#include "operations/changed_collations.hpp"
#include "operations/database_work.hpp"
#include "operations/owner_logins.hpp"

namespace pgconvoy {
namespace {

constexpr Seconds kReindexLimit{24 * 3600};  // of one index
constexpr double kBytesPerSecond = 30e6;

struct RebuildIntent {
  std::string server, database;
  bool all = false;
  std::vector<std::string> invalid_before;  // left by somebody else: not ours to drop
};
struct RebuildOutcome {
  int indexes = 0;
  std::int64_t bytes = 0;
  std::vector<std::string> locked;  // indexes of exclusion constraints: their tables could not be written meanwhile
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RebuildIntent, server, database, all, invalid_before)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RebuildOutcome, indexes, bytes, locked)

// What a REINDEX CONCURRENTLY that was cut off leaves: NAME_ccnew, NAME_ccold, with a number behind where that is taken (manual: REINDEX).
constexpr const char* kHalfBuilt =
    "select format('%I.%I', n.nspname, i.relname), r.rolname, r.rolsuper from pg_index x join pg_class i on i.oid = x.indexrelid "
    "join pg_namespace n on n.oid = i.relnamespace join pg_class t on t.oid = x.indrelid join pg_roles r on r.oid = t.relowner "
    "where not x.indisvalid and i.relname ~ '_cc(new|old)[0-9]*$' order by 1";

class RebuildCollatedIndexes final : public TypedOperation<RebuildIntent, RebuildOutcome> {
 public:
  std::string name() const override { return "rebuild_collated_indexes"; }
  std::string summary() const override {
    return "Rebuilds the indexes that sort by a collation whose version has changed, while the application goes on reading and writing.";
  }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"which", Parameter::Type::text, "changed",
             "changed: by collations whose version isn't the one that the index was built with. all: by every collation but C and POSIX; below PostgreSQL "
             "15 the version of the database's own isn't kept."}};
  }
  Estimate estimate(const EstimateInput& input) const override {
    const DatabaseFacts* database = database_of(input);
    return {0.3 + (database == nullptr ? 0.0 : static_cast<double>(database->index_bytes) / kBytesPerSecond), false};
  }

  Task<Result<RebuildIntent>> plan_effect(StepContext& context) override {
    RebuildIntent intent;
    intent.server = context.target_server(context.instance().id).id;
    intent.database = context.instance().database;
    const std::string which = context.arguments().value("which", "changed");
    if (which != "changed" && which != "all") co_return Error(ErrorKind::usage, fmt::format("rebuild_collated_indexes: which is \"{}\", neither changed nor all", which));
    intent.all = which == "all";
    CO_TRY(SessionPtr session, co_await open_in(context, intent));
    if (!intent.all && !keeps_version_of_database(*session))
      co_return Error(ErrorKind::refused, fmt::format("PostgreSQL {} doesn't keep the version of a database's own collation: what was built with another one can't be told",
                                                      session->server_version() / 10000),
                      "rebuild_collated_indexes: {which: all}")
          .on(intent.server);
    CO_TRY(const Rows rows, co_await session->query(kHalfBuilt));
    for (std::size_t i = 0; i < rows.size(); ++i) intent.invalid_before.push_back(rows.text(i, 0));
    co_return intent;
  }

  Task<Result<RebuildOutcome>> effect(StepContext& context, RebuildIntent intent) override {
    const std::string id = context.instance().id;
    CO_TRY_VOID(co_await drop_owner_logins(context, id, intent.server));
    std::vector<CollatedIndex> indexes;
    {
      CO_TRY(SessionPtr session, co_await open_in(context, intent));
      CO_TRY(indexes, co_await collated_indexes(*session, intent.all));
    }
    Progress progress;
    for (const CollatedIndex& index : indexes) progress.total_bytes += index.bytes;
    RebuildOutcome outcome;
    OwnerLogins owners(context, id, intent.server);
    for (const CollatedIndex& index : indexes) {
      // What an index evaluates is its owner's code.
      CO_TRY(Session * session, co_await owners.session_of(index.owner, index.of_superuser));
      progress.text = index.name;
      context.progress(progress);
      std::string sql = fmt::format("reindex index {}{}", index.exclusion ? "" : "concurrently ", index.name);
      auto rebuilt = co_await session->script(std::move(sql), kReindexLimit);
      if (!rebuilt) co_return std::move(rebuilt).error().within(fmt::format("index {} of database \"{}\"", index.name, intent.database));
      progress.bytes += index.bytes;
      if (index.exclusion) outcome.locked.push_back(index.name);
      ++outcome.indexes;
      outcome.bytes += index.bytes;
    }
    CO_TRY_VOID(co_await owners.end());
    co_return outcome;
  }

  // Which of them a process that is gone has finished can't be told: all of them again, and first what it left half built is removed.
  Task<Result<Seen>> look(StepContext&, RebuildIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::partial;
    seen.detail = "rebuilding again does no harm";
    co_return seen;
  }

  // A rebuilt index is as good as the one before: only what is half built goes.
  Task<Result<std::string>> take_back(StepContext& context, RebuildIntent intent, std::optional<RebuildOutcome>) override {
    const std::string id = context.instance().id;
    CO_TRY_VOID(co_await drop_owner_logins(context, id, intent.server));
    Rows left;
    {
      CO_TRY(SessionPtr session, co_await open_in(context, intent));
      CO_TRY(left, co_await session->query(kHalfBuilt));
    }
    OwnerLogins owners(context, id, intent.server);
    int dropped = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
      const std::string index = left.text(i, 0);
      if (std::find(intent.invalid_before.begin(), intent.invalid_before.end(), index) != intent.invalid_before.end()) continue;
      CO_TRY(Session * session, co_await owners.session_of(left.text(i, 1), left.truth(i, 2)));
      auto gone = co_await session->script("drop index concurrently if exists " + index, kReindexLimit);
      if (!gone) co_return std::move(gone).error().within("index " + index + ", which was left half built");
      ++dropped;
    }
    CO_TRY_VOID(co_await owners.end());
    co_return fmt::format("{} half built indexes removed; what was rebuilt stays", dropped);
  }

 private:
  static Task<Result<SessionPtr>> open_in(StepContext& context, RebuildIntent intent) {
    SessionOptions options;
    options.application_name = context.application_name();
    co_return co_await context.open(intent.server, intent.database, options);
  }
};

}  // namespace

std::unique_ptr<Operation> make_rebuild_collated_indexes() { return std::make_unique<RebuildCollatedIndexes>(); }

}  // namespace pgconvoy
