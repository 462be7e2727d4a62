#include "operations/pivot_gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/core/host.hpp"
#include "engine/plan/verification.hpp"
#include "operations/backup_archive.hpp"
#include "operations/database_owner.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {
namespace {

Task<Result<void>> fence_holds(StepContext& context, FenceIntent fence) {
  CO_TRY(Session * maintenance, co_await context.maintenance(fence.server));
  std::vector<Value> parameters{std::to_string(fence.oid), context.application_name()};
  CO_TRY(Rows rows,
         co_await maintenance->query(
             "select d.datname, s.system_identifier::text, c.timeline_id, "
             " (select count(*) from pg_stat_activity a where a.datid = d.oid and a.application_name <> $2 "
             "   and a.backend_type <> 'autovacuum worker'), "
             " (select count(*) from pg_prepared_xacts x where x.database = d.datname), "
             " (select count(*) from pg_stat_activity a where a.datid = d.oid and a.backend_type like 'logical replication%') "
             "from pg_database d, pg_control_system() s, pg_control_checkpoint() c where d.oid = $1::oid",
             parameters));
  std::string wrong;
  if (rows.empty())
    wrong = "the old database is gone";
  else if (rows.text(0, 0) != fence.fenced_name)
    wrong = fmt::format("the old database is called \"{}\", not \"{}\"", rows.text(0, 0), fence.fenced_name);
  else if (rows.text(0, 1) != fence.system_identifier)
    wrong = "the server is another one than the one that was fenced (system identifier)";
  else if (rows.number(0, 2) != fence.timeline)
    wrong = "the server was promoted or restored since it was fenced (timeline)";
  else if (rows.number(0, 3) != 0)
    wrong = fmt::format("{} sessions that aren't ours are in the old database", rows.number(0, 3));
  else if (rows.number(0, 4) != 0 || rows.number(0, 5) != 0)
    wrong = "a prepared transaction or an apply worker is in the old database";
  if (wrong.empty() && !fence.owner.empty()) {
    CO_TRY(const bool ours, co_await is_taken_over(*maintenance, fence.oid));
    if (!ours) wrong = "the old database is not ours any more (owner or connection limit)";
  }
  if (wrong.empty()) co_return Result<void>();
  co_return Error(ErrorKind::conflict, "the fence does not hold: " + wrong).on(fence.server);
}

// As its mode asks: by all rows or by counts, and where only by counts although contents are to be compared, they will be.
Result<void> was_verified(const StepContext& context, const std::string& instance) {
  const json outcome = context.outcome_of("verify_restored_services", instance);
  if (!outcome.is_object()) return Error(ErrorKind::refused, "the new database of instance " + instance + " was not verified");
  const auto& steps = context.work.planned.steps;
  const auto planned = [&](const std::string& operation) {
    return std::find_if(steps.begin(), steps.end(), [&](const StepPlan& step) { return step.operation == operation && step.subject == instance; });
  };
  const auto verify = planned("verify_restored_services");
  const Verification mode = verify == steps.end() ? Verification::before : verification_of(verify->arguments);
  if (const std::string was = outcome.value("mode", to_string(Verification::before)); !was.empty() && was != to_string(mode))
    return Error(ErrorKind::refused, fmt::format("the new database of instance {} was verified by {}, asked for was {}", instance, was, to_string(mode)));
  if (mode == Verification::snapshot && planned(kLateVerification) == steps.end())
    return Error(ErrorKind::refused, fmt::format("the contents of instance {} would never be compared: the plan has no {}", instance, kLateVerification));
  return {};
}

// Made while the app already runs, if that was asked for: until then the fenced source holds everything.
bool comes_after_pivot(const StepContext& context, const std::string& instance) {
  const json copied = context.outcome_of("transfer_to_prepared_services", instance);
  const auto& steps = context.work.planned.steps;
  const bool planned = std::any_of(steps.begin(), steps.end(), [&](const StepPlan& step) { return step.operation == "back_up_after_pivot" && step.subject == instance; });
  return planned && copied.is_object() && copied.value("backup", json()).is_null();
}

Task<Result<void>> backup_is_there(std::optional<BackupFile> backup, std::string instance) {
  if (!backup) co_return Error(ErrorKind::refused, "there is no backup of instance " + instance);
  std::error_code problem;
  // Its upload ended well before the step did; what is here beside it must be whole.
  if (!backup->key.empty() && !std::filesystem::exists(backup->file, problem)) co_return Result<void>();
  const auto size = std::filesystem::file_size(backup->file, problem);
  if (problem || static_cast<std::int64_t>(size) != backup->bytes)
    co_return Error(ErrorKind::corrupt, fmt::format("the backup {} is not what was written ({})", backup->file,
                                                    problem ? problem.message() : fmt::format("{} bytes", size)));
  co_return Result<void>();
}

// A commit that waits for its WAL flushes everything that the restore left in memory before it.
Task<Result<void>> flush(StepContext& context, ReprovisionIntent fresh) {
  SessionOptions options;
  options.application_name = context.application_name();
  CO_TRY(auto inside, co_await context.open(fresh.server, fresh.temporary_name, options));
  auto done = co_await inside->script(
      "begin; set local synchronous_commit = on; select pg_logical_emit_message(true, 'pgconvoy', 'flush'); commit");
  if (!done) co_return done.error();
  inside->close();
  co_return Result<void>();
}

}  // namespace

// A file of this host that is gone is no reason to take another one: somebody is at work on backups.
bool backup_is_out_of_sight(const StepContext& context, const std::string& instance) {
  const auto backup = latest_backup(context, instance);
  std::error_code unreadable;
  return backup && backup->key.empty() && !backup->host.empty() && backup->host != this_host() && !std::filesystem::exists(backup->file, unreadable);
}

Task<Result<void>> pass_pivot_gate(StepContext& context, std::string instance, std::optional<BackupFile> just_taken) {
  auto fence = context.intent<FenceIntent>("fence_source", instance);
  auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", instance);
  if (!fence || !fresh) co_return Error(ErrorKind::internal, "the pivot gate needs a fence and a new database");
  CO_TRY_VOID(was_verified(context, instance));
  if (context.outcome_of("analyze_restored_services", instance).is_null())
    co_return Error(ErrorKind::refused, "the new database of instance " + instance + " has no statistics");
  std::optional<BackupFile> backup = just_taken ? std::move(just_taken) : latest_backup(context, instance);
  if (!comes_after_pivot(context, instance)) CO_TRY_VOID(co_await backup_is_there(std::move(backup), instance));
  CO_TRY_VOID(co_await flush(context, *fresh));
  CO_TRY_VOID(co_await fence_holds(context, *fence));
  co_return Result<void>();
}

}  // namespace pgconvoy
