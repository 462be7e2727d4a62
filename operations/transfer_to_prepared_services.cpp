#include "operations/transfer_to_prepared_services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <filesystem>

#include "engine/plan/way.hpp"
#include "engine/postgres/compare.hpp"
#include "engine/postgres/content.hpp"
#include "engine/postgres/transfer.hpp"
#include "operations/backup_archive.hpp"
#include "operations/backup_time.hpp"
#include "operations/database_work.hpp"
#include "operations/differences.hpp"
#include "operations/handles.hpp"
#include "operations/pause_limit.hpp"
#include "operations/prepare_reprovisioned_services.hpp"
#include "operations/private_files.hpp"
#include "operations/tenant_login.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(TransferOutcome, rows, bytes, tables, sequences, passes, owners, seconds, backup, evidence)

namespace {

using namespace asio::experimental::awaitable_operators;

struct TransferIntent {
  std::string old_server, old_name, new_server, new_name, owner, file;
  bool indexes = false;   // were made before
  BackupPlace backup;     // server "": made after the pivot
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TransferIntent, old_server, old_name, new_server, new_name, owner, file, indexes, backup)

// Thrown by one side of what runs together, so that the other one is ended at once; it never leaves this file.
struct Given {
  Error up;
};

class Stopwatch {
 public:
  Stopwatch(std::map<std::string, double>& seconds, std::string phase) : seconds_(seconds), phase_(std::move(phase)) {}
  ~Stopwatch() { seconds_[phase_] += Seconds(std::chrono::steady_clock::now() - began_).count(); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  std::map<std::string, double>& seconds_;
  std::string phase_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

// The sessions of the copying: some on the fenced source, and for each of these one for each owner on the target.
class Lanes {
 public:
  Lanes(StepContext& context, const TransferIntent& intent) : context_(context), intent_(intent), tenants_(context, intent.new_server, intent.new_name) {}

  Task<Result<void>> open(std::size_t count, std::set<std::string> owners) {
    for (const std::string& owner : owners) {
      if (owner.empty()) {
        CO_TRY(logins_[owner], co_await context_.administrator(intent_.new_server, intent_.new_name));
        continue;
      }
      const std::set<std::string> rights{owner};
      CO_TRY(logins_[owner], co_await tenants_.of(rights, true));
    }
    targets_.resize(count);
    for (std::size_t lane = 0; lane < count; ++lane) {
      SessionOptions options = reading();
      CO_TRY(auto source, co_await context_.open(intent_.old_server, intent_.old_name, options));
      sources_.push_back(std::move(source));
    }
    co_return Result<void>();
  }

  std::vector<TransferLane> lanes() {
    std::vector<TransferLane> lanes;
    for (std::size_t lane = 0; lane < sources_.size(); ++lane)
      lanes.push_back({sources_[lane].get(), [this, lane](std::string owner) { return target(lane, std::move(owner)); }});
    return lanes;
  }
  Session& source() { return *sources_.front(); }

  // The tenants' logins are gone afterwards, so that others may be made.
  Task<Result<void>> end_writing() {
    targets_.clear();
    co_return co_await drop_tenant_logins(context_, intent_.new_server, intent_.new_name);
  }

  SessionOptions reading() const {
    SessionOptions options;
    options.application_name = context_.application_name();
    options.statement_limit = Seconds(600);
    options.settings = {{"default_transaction_read_only", "on"}};
    return options;
  }

 private:
  Task<Result<Session*>> target(std::size_t lane, std::string owner) {
    SessionPtr& session = targets_[lane][owner];
    if (!session) {
      SessionOptions options;
      options.application_name = context_.application_name();
      options.statement_limit = Seconds(600);
      options.settings = {{"synchronous_commit", "off"}};
      ConnectionSpec login = logins_.at(owner);
      CO_TRY(session, co_await context_.services.sessions.open(std::move(login), std::move(options)));
    }
    co_return session.get();
  }

  StepContext& context_;
  const TransferIntent& intent_;
  TenantLogins tenants_;
  std::map<std::string, ConnectionSpec> logins_;  // by owner
  std::vector<SessionPtr> sources_;
  std::vector<std::map<std::string, SessionPtr>> targets_;
};

class Transfer final : public TypedOperation<TransferIntent, TransferOutcome> {
 public:
  std::string name() const override { return "transfer_to_prepared_services"; }
  std::string summary() const override {
    return "Copies the rows into the prepared database while the backup is made, adds what comes after rows, and reads all rows back.";
  }
  Subject subject() const override { return Subject::instance; }
  bool applies(const std::string& way, const json&) const override { return way == kShortPause; }
  std::vector<Parameter> parameters() const override {
    return {{"jobs", Parameter::Type::number, 2, "Tables that are copied at the same time."}, backup_time_parameter()};
  }
  std::vector<std::string> rests_on() const override { return {"prepare_reprovisioned_services", "reprovision_collected_instances"}; }
  Estimate estimate(const EstimateInput& input) const override {
    const DatabaseFacts* database = database_of(input);
    if (database == nullptr) return {0.8, false};
    const auto bytes = static_cast<double>(database->table_bytes);
    const bool together = !is_after_pivot(input.arguments);
    // Beside a dump, on the same two servers, rows take longer.
    Estimate estimate{0.8, false, {{term::kTableBytes, together ? bytes : bytes * 0.7}, {term::kIndexBytes, static_cast<double>(database->index_bytes)},
                                   {term::kRelations, static_cast<double>(database->relations)}}};
    if (together && input.facts.host.backup_encrypted) estimate.work.push_back({term::kEncryptedBytes, bytes});
    return estimate;
  }

  Task<Result<TransferIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    auto fence = context.intent<FenceIntent>("fence_source", id);
    auto prepared = context.intent<PrepareIntent>("prepare_reprovisioned_services", id);
    if (!fence || !prepared) co_return Error(ErrorKind::internal, "a transfer needs a fenced and a prepared database of " + id);
    TransferIntent intent;
    intent.old_server = fence->server;
    intent.old_name = fence->fenced_name;
    intent.new_server = prepared->server;
    intent.new_name = prepared->name;
    intent.owner = prepared->owner;
    intent.file = prepared->file;
    intent.indexes = prepared->indexes;
    if (!is_after_pivot(context.arguments())) {
      CO_TRY(intent.backup, choose_backup_place(context, context.attempt == 1 ? "" : fmt::format("-a{}", context.attempt)));
    }
    co_return intent;
  }

  Task<Result<TransferOutcome>> effect(StepContext& context, TransferIntent intent) override {
    CO_TRY_VOID(co_await still_as_prepared(context, intent));
    TransferOutcome outcome;
    // Each has the whole of the time that is left.
    StepContext copying(context), backing_up(context);
    const auto began = std::chrono::steady_clock::now();
    std::optional<Error> failure;
    try {
      auto copy = copy_or_give_up(copying, intent, outcome);
      auto backup = backup_or_give_up(backing_up, intent, outcome);
      co_await (std::move(copy) && std::move(backup));
    } catch (Given& given) {
      failure = std::move(given.up);
    }
    spend(context, std::chrono::steady_clock::now() - began);
    if (failure) co_return std::move(*failure);
    CO_TRY_VOID(remove_file(intent.file));
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, TransferIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::partial;  // rows in part are worth nothing: another empty database is quickly prepared
    co_return seen;
  }

  Task<Result<std::string>> take_back(StepContext& context, TransferIntent intent, std::optional<TransferOutcome> outcome) override {
    std::string left;
    if (outcome && outcome->backup.is_object()) {
      if (outcome->backup.value("encrypted", false)) CO_TRY_VOID(remove_file(intent.backup.working_file));
      left = fmt::format("; the backup {} is kept", intent.backup.file);
    } else if (!intent.backup.server.empty()) {
      CO_TRY(left, co_await discard_backup(context, intent.backup));
      if (!left.empty()) left = "; " + left;
    }
    CO_TRY_VOID(remove_file(intent.file));
    const bool discards_database = true;
    CO_TRY_VOID(co_await drop_tenant_logins(context, intent.new_server, intent.new_name, discards_database));
    co_return "nothing is copied any more; the new database goes with its own step" + left;
  }

 private:
  // A schema that changed between preparation and fence, or definitions that another host holds: prepared again, behind the page.
  static Task<Result<void>> still_as_prepared(StepContext& context, TransferIntent intent) {
    const auto prepared = context.outcome<PrepareOutcome>("prepare_reprovisioned_services", context.instance().id);
    if (!prepared) co_return Error(ErrorKind::internal, "there is no prepared database of " + context.instance().id);
    std::string why;
    std::error_code problem;
    if (!std::filesystem::exists(intent.file, problem)) why = fmt::format("its definitions ({}) are not on this host", intent.file);
    if (why.empty()) {
      SessionOptions options;
      options.application_name = context.application_name();
      options.settings = {{"default_transaction_read_only", "on"}};
      CO_TRY(auto source, co_await context.open(intent.old_server, intent.old_name, options));
      auto reading = schema_fingerprint(*source, context.work.facts.servers.at(intent.new_server).version_number);
      CO_TRY(const std::string now, co_await within_pause(context, "reading the catalogue", std::move(reading)));
      if (now != prepared->fingerprint) why = "its schema changed after it was prepared";
    }
    if (why.empty()) co_return Result<void>();
    Error error(ErrorKind::conflict, fmt::format("\"{}\" is prepared again while it is paused: {}", context.instance().database, why));
    error.retryable = true;
    co_return error;
  }

  static Task<void> copy_or_give_up(StepContext& context, const TransferIntent& intent, TransferOutcome& outcome) {
    auto copying = copy(context, intent, outcome);
    auto done = co_await within_pause(context, "the transfer", std::move(copying));
    if (!done) throw Given{std::move(done).error()};
  }

  static Task<void> backup_or_give_up(StepContext& context, const TransferIntent& intent, TransferOutcome& outcome) {
    if (intent.backup.server.empty()) co_return;
    const Stopwatch watch(outcome.seconds, "backup");
    StepContext quiet(context);
    quiet.progress = [](Progress) {};  // the rows tell how far the step is
    auto made = co_await make_backup(quiet, intent.backup);
    if (!made) throw Given{std::move(made).error()};
    outcome.backup = *made;
  }

  // A value, so that within_pause can hold it.
  static Task<Result<int>> copy(StepContext& context, const TransferIntent& intent, TransferOutcome& outcome) {
    // Programs in it have the time that the whole has.
    StepContext inner(context);
    const std::uint64_t seed = random_seed();
    Lanes lanes(inner, intent);
    SessionOptions options = lanes.reading();
    options.settings = {{"synchronous_commit", "off"}};
    CO_TRY(auto administrator, co_await inner.open(intent.new_server, intent.new_name, options));
    TransferPlan plan;
    Transferred sent;
    {
      const Stopwatch watch(outcome.seconds, "copy");
      auto before = lanes.reading();
      CO_TRY(auto source, co_await inner.open(intent.old_server, intent.old_name, before));
      CO_TRY(plan, co_await plan_transfer(*source, *administrator));
      std::set<std::string> owners;
      for (const TransferTable& table : plan.tables) owners.insert(table.owner);
      CO_TRY_VOID(co_await lanes.open(jobs_for(inner, plan), std::move(owners)));
      const std::int64_t total = inner.database_facts(inner.instance().id).table_bytes;
      auto told = [&inner, total](std::int64_t bytes) { inner.progress(Progress{bytes, std::max(bytes, total), "rows copied"}); };
      CO_TRY(sent, co_await transfer_rows(plan, lanes.lanes(), seed, std::move(told)));
      CO_TRY(outcome.sequences, co_await transfer_sequences(plan, *source, *administrator));
      CO_TRY_VOID(co_await lanes.end_writing());
    }
    outcome.rows = sent.rows;
    outcome.bytes = sent.bytes;
    outcome.tables = static_cast<std::int64_t>(sent.tables.size());
    for (const TransferredTable& table : sent.tables)
      outcome.evidence.push_back({table.name, table.rows, table.bytes, table.checksum});
    limit_evidence(outcome.evidence);
    {
      const Stopwatch watch(outcome.seconds, "after rows");
      CO_TRY_VOID(co_await add_the_rest(inner, intent, outcome));
    }
    const Stopwatch watch(outcome.seconds, "read back");
    std::vector<SessionPtr> sessions;
    std::vector<Session*> readers{administrator.get()};
    for (int more = 1; more < jobs_for(inner, plan); ++more) {
      auto reading = lanes.reading();
      CO_TRY(auto session, co_await inner.open(intent.new_server, intent.new_name, reading));
      readers.push_back(session.get());
      sessions.push_back(std::move(session));
    }
    inner.progress(Progress{0, 0, "reading all rows back"});
    CO_TRY_VOID(co_await prove_transfer(plan, sent, lanes.source(), std::move(readers), seed));
    co_return 0;
  }

  // Indexes that were left out, privileges, foreign keys, triggers, materialized views.
  static Task<Result<void>> add_the_rest(StepContext& context, const TransferIntent& intent, TransferOutcome& outcome) {
    RestoreJob job{context.instance().id, intent.new_server, intent.new_name, intent.owner, intent.file,
                   std::max(1, static_cast<int>(context.arguments().value("jobs", 2.0)))};
    CO_TRY(auto entries, co_await entries_of(context, job));
    std::erase_if(entries, [&](const ArchiveEntry& entry) { return comes_before_rows(entry, intent.indexes); });
    CO_TRY(const RestoredPortions restored, co_await restore_entries(context, job, std::move(entries)));
    outcome.passes = restored.passes;
    outcome.owners = restored.owners;
    co_return Result<void>();
  }

  // One is as quick for little, and takes fewer connections.
  static int jobs_for(StepContext& context, const TransferPlan& plan) {
    constexpr std::int64_t kLittle = 8 << 20;
    std::int64_t bytes = 0;
    for (const TransferTable& table : plan.tables) bytes += table.size;
    return bytes < kLittle ? 1 : std::max(1, static_cast<int>(context.arguments().value("jobs", 2.0)));
  }
};

}  // namespace

std::unique_ptr<Operation> make_transfer_to_prepared_services() { return std::make_unique<Transfer>(); }

}  // namespace pgconvoy
