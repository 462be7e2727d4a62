#include "operations/transfer_to_prepared_services.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>

#include "engine/plan/verification.hpp"
#include "engine/plan/way.hpp"
#include "engine/postgres/content.hpp"
#include "engine/postgres/large_objects.hpp"
#include "engine/postgres/row_counts.hpp"
#include "engine/postgres/transfer.hpp"
#include "operations/backup_archive.hpp"
#include "operations/backup_time.hpp"
#include "operations/build_memory.hpp"
#include "operations/database_work.hpp"
#include "operations/differences.hpp"
#include "operations/handles.hpp"
#include "operations/pause_limit.hpp"
#include "operations/prepare_reprovisioned_services.hpp"
#include "operations/prepared_rest.hpp"
#include "operations/private_files.hpp"
#include "operations/rehearsal.hpp"
#include "operations/restore_portions.hpp"
#include "operations/still_prepared.hpp"
#include "operations/tenant_login.hpp"
#include "operations/transfer_lanes.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(TransferOutcome, rows, bytes, tables, sequences, passes, large_objects, owners, seconds, backup, evidence)

namespace {

using namespace asio::experimental::awaitable_operators;

// Of the time that a table's bytes take: reading them back, hashed.
constexpr double kReadBack = 0.1;

struct TransferIntent {
  std::string old_server, old_name, new_server, new_name, owner, file;
  BackupPlace backup;     // server "": made after the pivot
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TransferIntent, old_server, old_name, new_server, new_name, owner, file, backup)

// Thrown by one side of what runs together, so that the other one is ended at once; it never leaves this file.
struct GivenUp {};

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

class Transfer final : public TypedOperation<TransferIntent, TransferOutcome> {
 public:
  std::string name() const override { return "transfer_to_prepared_services"; }
  std::string summary() const override {
    return "Copies the rows into the prepared database while the backup is made, adds what comes after rows, and reads all rows back.";
  }
  Subject subject() const override { return Subject::instance; }
  bool applies(const std::string& way, const json&) const override { return way == kShortPause; }
  std::vector<Parameter> parameters() const override {
    return {{"jobs", Parameter::Type::number, 2, "Tables that are copied at the same time."}, backup_time_parameter(), verification_parameter(),
            restore_memory_parameter()};
  }
  // The last two in a rehearsal only.
  std::vector<std::string> rests_on() const override { return {"prepare_reprovisioned_services", "reprovision_collected_instances", "record_source", "hold_snapshot"}; }
  Estimate estimate(const EstimateInput& input) const override {
    const DatabaseFacts* database = database_of(input);
    if (database == nullptr) return {0.8, false};
    const auto bytes = static_cast<double>(database->table_bytes);
    const bool together = !is_after_pivot(input.arguments);
    // Beside a dump, on the same two servers, rows take longer; what isn't read back takes less.
    const double share = (together ? 1 : 0.7) - (verification_of(input.arguments) == Verification::before ? 0 : kReadBack);
    Estimate estimate{0.8, false, {{term::kTableBytes, bytes * share}, {term::kIndexBytes, static_cast<double>(database->index_bytes)},
                                   {term::kRelations, static_cast<double>(database->relations)}}};
    if (database->large_objects > 0) {
      estimate.work.push_back({term::kLargeObjectBytes, static_cast<double>(database->large_object_bytes)});
      estimate.work.push_back({term::kLargeObjects, static_cast<double>(database->large_objects)});
    }
    if (together && input.facts.host.backup_encrypted)
      estimate.work.push_back({term::kEncryptedBytes, bytes + static_cast<double>(database->large_objects > 0 ? database->large_object_bytes : 0)});
    return estimate;
  }

  Task<Result<TransferIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    auto fence = context.intent<FenceIntent>("fence_source", id);
    auto prepared = context.intent<PrepareIntent>("prepare_reprovisioned_services", id);
    if ((!fence && !rehearses(context)) || !prepared) co_return Error(ErrorKind::internal, "a transfer needs a fenced and a prepared database of " + id);
    TransferIntent intent;
    intent.old_server = fence ? fence->server : prepared->source_server;
    intent.old_name = fence ? fence->fenced_name : prepared->source_name;
    intent.new_server = prepared->server;
    intent.new_name = prepared->name;
    intent.owner = prepared->owner;
    intent.file = prepared->file;
    if (!is_after_pivot(context.arguments())) {
      CO_TRY(intent.backup, choose_backup_place(context, context.attempt == 1 ? "" : fmt::format("-a{}", context.attempt), Packing::by_zstd));
    }
    co_return intent;
  }

  Task<Result<TransferOutcome>> effect(StepContext& context, TransferIntent intent) override {
    CO_TRY(const PreparedRest rest, rest_of_definitions(context, intent.file));
    TransferLanes lanes(context, {intent.old_server, intent.old_name, intent.new_server, intent.new_name}, build_memory(context, intent.new_server));
    CO_TRY_VOID(co_await lanes.open_source());
    auto checking = still_as_prepared(context, intent.new_server, lanes.source());
    auto opening = open_writers(rest.plan, rest, lanes);
    auto [untouched, opened] = co_await (std::move(checking) && std::move(opening));
    if (!untouched) co_return std::move(untouched).error();
    if (!opened) co_return std::move(opened).error();
    const Prepared prepared{rest, *untouched};
    TransferOutcome outcome;
    // Each has the whole of the time that is left.
    StepContext copying(context), backing_up(context);
    const auto began = std::chrono::steady_clock::now();
    std::optional<Error> failure;
    try {
      auto copy = copy_or_give_up(copying, intent, prepared, lanes, outcome, failure);
      auto backup = backup_or_give_up(backing_up, intent, outcome, failure);
      co_await (std::move(copy) && std::move(backup));
    } catch (const GivenUp&) {
    } catch (const asio::multiple_exceptions& both) {  // the other one didn't take being ended well
      if (!failure) std::rethrow_exception(both.first_exception());
    }
    spend(context, std::chrono::steady_clock::now() - began);
    if (failure) co_return std::move(*failure);
    CO_TRY_VOID(remove_definitions(intent.file));
    if (rehearses(context)) CO_TRY_VOID(co_await end_rehearsal(context, intent, outcome));
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
    CO_TRY_VOID(remove_definitions(intent.file));
    const bool discards_database = true;
    CO_TRY_VOID(co_await drop_tenant_logins(context, intent.new_server, intent.new_name, discards_database));
    co_return "nothing is copied any more; the new database goes with its own step" + left;
  }

 private:
  // What was prepared, and whether nothing at all was written to the catalogues since.
  struct Prepared {
    const PreparedRest& rest;
    bool untouched;
  };

  // Whoever is a superuser on the target is asked for again: what he owns is written with the administrator's rights.
  static Task<Result<TransferPlan>> plan_of(const Prepared& prepared, TransferLanes& lanes) {
    const auto& tables = prepared.rest.plan.tables;
    const bool superusers = std::any_of(tables.begin(), tables.end(), [](const TransferTable& table) { return table.owner.empty(); });
    if (prepared.untouched && !superusers) {
      TransferPlan plan = prepared.rest.plan;
      co_return co_await measure_again(std::move(plan), lanes.source());
    }
    co_return co_await plan_transfer(lanes.source(), lanes.administrator());
  }

  // Nothing reads the moment any more; a backup that isn't to stay is never catalogued.
  static Task<Result<void>> end_rehearsal(StepContext& context, const TransferIntent& intent, TransferOutcome& outcome) {
    let_go_of_snapshot(context, context.instance().id);
    if (keeps_backup(context) || intent.backup.server.empty()) co_return Result<void>();
    outcome.backup = nullptr;
    CO_TRY(const std::string left, co_await discard_backup(context, intent.backup));
    if (!left.empty()) co_return Error(ErrorKind::io, left);
    co_return Result<void>();
  }

  static Task<Result<void>> open_logins(const TransferPlan& plan, const PreparedRest& rest, TransferLanes& lanes) {
    std::set<std::string> owners;
    for (const TransferTable& table : plan.tables) owners.insert(table.owner);
    for (const ForeignKey& key : rest.keys) owners.insert(key.owner);
    co_return co_await lanes.open_logins(std::move(owners));
  }

  static Task<Result<void>> open_writers(const TransferPlan& plan, const PreparedRest& rest, TransferLanes& lanes) {
    CO_TRY_VOID(co_await lanes.open_administrator());
    co_return co_await open_logins(plan, rest, lanes);
  }

  // The first error is the cause: what the other side says then is only that it was ended.
  [[noreturn]] static void give_up(std::optional<Error>& failure, Error error) {
    if (!failure) failure = std::move(error);
    throw GivenUp{};
  }

  static Task<void> copy_or_give_up(StepContext& context, const TransferIntent& intent, const Prepared& prepared, TransferLanes& lanes, TransferOutcome& outcome, std::optional<Error>& failure) {
    auto copying = copy(context, intent, prepared, lanes, outcome);
    auto done = co_await within_pause(context, "the transfer", std::move(copying));
    if (!done) give_up(failure, std::move(done).error());
  }

  static Task<void> backup_or_give_up(StepContext& context, const TransferIntent& intent, TransferOutcome& outcome, std::optional<Error>& failure) {
    if (intent.backup.server.empty()) co_return;
    const Stopwatch watch(outcome.seconds, "backup");
    StepContext quiet(context);
    quiet.progress = [](Progress) {};  // the rows tell how far the step is
    auto made = co_await make_backup(quiet, intent.backup);
    if (!made) give_up(failure, std::move(made).error());
    outcome.backup = *made;
  }

  // A value, so that within_pause can hold it.
  static Task<Result<int>> copy(StepContext& context, const TransferIntent& intent, const Prepared& prepared, TransferLanes& lanes, TransferOutcome& outcome) {
    // Programs in it have the time that the whole has.
    StepContext inner(context);
    const std::uint64_t seed = random_seed();
    const PreparedRest& rest = prepared.rest;
    TransferPlan plan;
    Transferred sent;
    {
      const Stopwatch watch(outcome.seconds, "copy");
      CO_TRY(plan, co_await plan_of(prepared, lanes));
      for (TransferTable& table : plan.tables)
        if (const auto found = rest.tables.find(table.name); found != rest.tables.end()) table.after_sql = found->second;
      CO_TRY_VOID(co_await open_lanes(inner, plan, rest, lanes));
      const DatabaseFacts& facts = inner.database_facts(inner.instance().id);
      const std::int64_t total = facts.table_bytes + (plan.large_objects ? facts.large_object_bytes : 0);
      auto told = [&inner, total](std::int64_t bytes) { inner.progress(Progress{bytes, std::max(bytes, total), "rows copied"}); };
      CO_TRY(sent, co_await transfer_rows(plan, lanes.lanes(), seed, std::move(told)));
      CO_TRY(outcome.sequences, co_await transfer_sequences(plan, lanes.source(), lanes.administrator()));
    }
    SentLargeObjects objects;
    if (plan.large_objects) {
      const Stopwatch watch(outcome.seconds, "large objects");
      auto told = [&inner](std::int64_t bytes) { inner.progress(Progress{bytes, 0, "large objects copied"}); };
      CO_TRY(objects, co_await transfer_large_objects(lanes.source(), lanes.administrator(), seed, std::move(told)));
      outcome.large_objects = objects.objects;
    }
    outcome.rows = sent.rows;
    outcome.bytes = sent.bytes + objects.bytes;
    outcome.tables = static_cast<std::int64_t>(sent.tables.size());
    // A checksum is evidence where the target's rows have it too.
    const bool proves = verification_of(inner.arguments()) == Verification::before;
    for (const TransferredTable& table : sent.tables)
      if (proves) outcome.evidence.push_back({table.name, table.rows, table.bytes, table.checksum});
    limit_evidence(outcome.evidence);
    std::vector<Session*> readers;
    {
      const Stopwatch watch(outcome.seconds, "after rows");
      auto adding = add_the_rest(inner, intent, plan, rest, lanes, outcome);
      auto opening = lanes.readers();
      auto [added, opened] = co_await (std::move(adding) && std::move(opening));
      if (!added) co_return std::move(added).error();
      CO_TRY(readers, std::move(opened));
    }
    if (!proves) {
      const Stopwatch watch(outcome.seconds, "count");
      inner.progress(Progress{0, 0, "counting all rows"});
      co_return co_await prove_counts(sent, objects, std::move(readers));
    }
    const Stopwatch watch(outcome.seconds, "read back");
    inner.progress(Progress{0, 0, "reading all rows back"});
    CO_TRY_VOID(co_await prove_transfer(plan, sent, lanes.source(), std::move(readers), seed));
    if (plan.large_objects) CO_TRY_VOID(co_await prove_large_objects(objects, lanes.source(), lanes.administrator(), seed));
    co_return 0;
  }

  // The source stands still: what COPY has read of a table is what it holds. The target is counted, and after the last statement
  // that could run a tenant's code: what COPY says that it has stored, an expression of an index may have deleted since.
  static Task<Result<int>> prove_counts(const Transferred& sent, const SentLargeObjects& objects, std::vector<Session*> readers) {
    std::map<std::string, std::int64_t> there{{"", objects.objects}};
    for (const TransferredTable& table : sent.tables) there[table.name] = table.rows;
    const std::string server = readers.front()->server();
    CO_TRY(auto tables, co_await tables_with_rows(*readers.front()));
    CO_TRY(const auto here, co_await count_rows(std::move(readers), std::move(tables), true));
    const auto different = different_counts(there, here);
    if (different.empty()) co_return 0;
    co_return Error(ErrorKind::corrupt, fmt::format("the new database is not equal to the old one: {}", fmt::join(different, ", "))).on(server);
  }

  static Task<Result<void>> open_lanes(StepContext& context, const TransferPlan& plan, const PreparedRest& rest, TransferLanes& lanes) {
    CO_TRY_VOID(co_await open_logins(plan, rest, lanes));
    co_return co_await lanes.open(static_cast<std::size_t>(jobs_for(context, plan)));
  }

  // Foreign keys need privileges, which come after all that loads rows; what refers to both comes last.
  static Task<Result<void>> add_the_rest(StepContext& context, const TransferIntent& intent, const TransferPlan& plan, const PreparedRest& rest,
                                         TransferLanes& lanes, TransferOutcome& outcome) {
    std::vector<ArchiveEntry> before_keys, after_keys;
    for (const ArchiveEntry& entry : rest.after) (entry.pass < Pass::link ? before_keys : after_keys).push_back(entry);
    if (!before_keys.empty()) {
      CO_TRY_VOID(co_await lanes.end_writing());
      CO_TRY_VOID(co_await restore(context, intent, std::move(before_keys), outcome));
      if (!rest.keys.empty()) CO_TRY_VOID(co_await open_lanes(context, plan, rest, lanes));
    }
    if (!rest.privileges.empty()) CO_TRY_VOID(co_await lanes.administrator().script(rest.privileges));
    if (!rest.keys.empty()) CO_TRY_VOID(co_await add_foreign_keys(rest.keys, lanes.lanes()));
    CO_TRY_VOID(co_await lanes.end_writing());
    if (!after_keys.empty()) CO_TRY_VOID(co_await restore(context, intent, std::move(after_keys), outcome));
    std::set<std::string> owners(outcome.owners.begin(), outcome.owners.end());
    for (const TransferTable& table : plan.tables)
      if (!table.owner.empty()) owners.insert(table.owner);
    outcome.owners.assign(owners.begin(), owners.end());
    co_return Result<void>();
  }

  static Task<Result<void>> restore(StepContext& context, const TransferIntent& intent, std::vector<ArchiveEntry> entries, TransferOutcome& outcome) {
    RestoreJob job{context.instance().id, intent.new_server, intent.new_name, intent.owner, intent.file,
                   std::max(1, static_cast<int>(context.arguments().value("jobs", 2.0))), build_memory(context, intent.new_server)};
    CO_TRY(const RestoredPortions restored, co_await restore_entries(context, job, std::move(entries)));
    outcome.passes += restored.passes;
    outcome.owners.insert(outcome.owners.end(), restored.owners.begin(), restored.owners.end());
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
