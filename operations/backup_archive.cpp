#include "operations/backup_archive.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <filesystem>

#include "engine/core/digest.hpp"
#include "engine/core/host.hpp"
#include "operations/backup_programs.hpp"
#include "operations/client_call.hpp"
#include "operations/private_files.hpp"
#include "operations/rehearsal.hpp"
#include "operations/zstd_program.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(BackupPlace, server, name, file, working_file, key, compression)

namespace {

namespace fs = std::filesystem;

// What came out of a store, before it is decrypted.
constexpr const char* kFetched = ".fetched";

struct Sealed {
  std::string sha256;
  std::int64_t bytes = 0;
};

Result<Sealed> seal(const std::string& file, bool durable) {
  if (durable) TRY_VOID(make_durable(file));
  Sealed sealed;
  TRY(sealed.sha256, sha256_of_file(file));
  std::error_code problem;
  sealed.bytes = static_cast<std::int64_t>(fs::file_size(file, problem));
  if (problem) return Error(ErrorKind::io, fmt::format("{}: {}", file, problem.message()));
  return sealed;
}

std::string with_free_space(const std::string& message, const std::string& file) {
  std::error_code problem;
  const auto space = fs::space(fs::path(file).parent_path(), problem);
  if (problem) return message;
  return fmt::format("{} ({} free in {})", message, format_bytes(Bytes{static_cast<std::int64_t>(space.available)}),
                     fs::path(file).parent_path().string());
}

Task<Result<std::string>> dump_into(StepContext& context, ClientCall call, std::shared_ptr<ProgramPipe> pipe) {
  call.output_file = pipe->writing();
  call.started = [pipe] { pipe->close_writing(); };
  auto dumped = co_await call_client(context, std::move(call));
  pipe->close_writing();
  co_return dumped;
}

// When one of both ends early, so does the other: nobody reads any more, or nothing comes any more.
Task<Result<std::string>> dump_compressed(StepContext& context, ClientCall call, std::string file) {
  using namespace asio::experimental::awaitable_operators;
  CO_TRY(auto pipe, ProgramPipe::make());
  auto dumping = dump_into(context, std::move(call), pipe);
  auto compressing = compress_from(context.services.processes, pipe, std::move(file));
  auto [dumped, compressed] = co_await (std::move(dumping) && std::move(compressing));
  // pg_dump would only say that its pipe is broken.
  if (!compressed) co_return std::move(compressed).error();
  co_return std::move(dumped);
}

Task<Result<void>> dump(StepContext& context, std::string id, BackupPlace place) {
  auto make = [file = place.working_file] { return make_private_file(file); };
  CO_TRY_VOID(co_await run_blocking(context.services.pool, make));
  ClientCall call;
  call.program = "pg_dump";
  call.major = context.work.facts.servers.at(context.target_server(id).id).version_number / 10000;
  CO_TRY(call.connection, co_await context.administrator(place.server, place.name));
  const bool by_zstd = place.compression == kZstd;
  call.arguments = {"--format=custom", by_zstd ? "--compress=0" : "--compress=1", "--no-sync"};
  if (!by_zstd) call.arguments.push_back("--file=" + place.working_file);
  CO_TRY(const auto held, held_snapshot(context, id));
  if (held) call.arguments.push_back("--snapshot=" + held->id);
  const std::int64_t expected = context.database_facts(id).table_bytes;
  // The file is compressed: its size says that it goes on, not how far it is.
  call.look = [&context, file = place.working_file, expected](int) {
    std::error_code problem;
    const auto written = fs::file_size(file, problem);
    if (problem) return;
    const auto bytes = static_cast<std::int64_t>(written);
    context.progress(Progress{bytes, std::max(bytes, expected), "pg_dump"});
  };
  context.progress(Progress{0, expected, "pg_dump"});
  auto running = by_zstd ? dump_compressed(context, std::move(call), place.working_file) : call_client(context, std::move(call));
  auto dumped = co_await std::move(running);
  if (dumped) co_return Result<void>();
  Error error = dumped.error();
  error.message = with_free_space(error.message, place.working_file);
  co_return error;
}

Task<Result<Sealed>> seal_on_pool(StepContext& context, std::string file, bool durable) {
  auto work = [file, durable] { return seal(file, durable); };
  co_return co_await run_blocking(context.services.pool, work);
}

std::string expiry(const StepContext& context) {
  const RunOptions& options = context.work.plan.options;
  std::optional<Seconds> retention = context.fleet().backups.retention;
  if (options.backup_retention) retention = Seconds(*options.backup_retention);
  if (!retention) return "";
  return format_utc(context.services.clock.wall() + std::chrono::duration_cast<std::chrono::system_clock::duration>(*retention));
}

// An app may be waiting behind its page while something is taken out of a store.
constexpr Seconds kRemoveLimit{30};

Task<Result<void>> call_within_pause(StepContext& context, BackupProgramCall call) {
  const auto began = std::chrono::steady_clock::now();
  auto done = co_await call_backup_program(context.services.processes, std::move(call));
  spend(context, std::chrono::steady_clock::now() - began);
  co_return done;
}

Task<Result<BackupFile>> dump_and_keep(StepContext& context, BackupPlace place) {
  const BackupPolicy& policy = context.fleet().backups;
  const std::string id = context.instance().id;
  BackupFile backup;
  backup.instance = id;
  backup.server = place.server;
  backup.database = context.instance().database;
  backup.file = place.file;
  backup.host = this_host();
  backup.note = context.work.plan.options.backup_note;
  backup.encrypted = !policy.encrypt.empty();
  backup.working_file = place.working_file;
  backup.compression = place.compression;
  backup.major = context.work.facts.servers.at(context.target_server(id).id).version_number / 10000;
  CO_TRY_VOID(co_await dump(context, id, place));
  CO_TRY(const Sealed readable, co_await seal_on_pool(context, place.working_file, !backup.encrypted));
  backup.working_sha256 = readable.sha256;
  Sealed kept = readable;
  if (backup.encrypted) {
    context.progress(Progress{0, readable.bytes, "encrypt"});
    auto make = [file = place.file] { return make_private_file(file); };
    CO_TRY_VOID(co_await run_blocking(context.services.pool, make));
    BackupProgramCall encrypt{"encrypt", policy.encrypt, "", place.working_file, place.file, readable.bytes, context.time_left};
    CO_TRY_VOID(co_await call_within_pause(context, std::move(encrypt)));
    CO_TRY(kept, co_await seal_on_pool(context, place.file, true));
    // A filter that fails without saying so.
    if (kept.bytes == 0 || kept.sha256 == readable.sha256)
      co_return Error(ErrorKind::process, fmt::format("encrypt ({}) ended well and {}", policy.encrypt.front(),
                                                      kept.bytes == 0 ? "wrote nothing" : "encrypted nothing"));
  }
  backup.sha256 = kept.sha256;
  backup.bytes = kept.bytes;
  if (!place.key.empty()) {
    context.progress(Progress{0, kept.bytes, "upload"});
    BackupProgramCall upload{"upload", policy.upload, place.key, place.file, "", kept.bytes, context.time_left};
    CO_TRY_VOID(co_await call_within_pause(context, std::move(upload)));
    backup.key = place.key;
  }
  backup.expires = expiry(context);
  context.progress(Progress{backup.bytes, backup.bytes, "backed up"});
  co_return backup;
}

// "" when the file is there and what was written; else why not.
Task<std::string> why_unusable_file(StepContext& context, std::string file, std::string sha256, std::string host) {
  std::error_code problem;
  if (!fs::exists(file, problem)) {
    const bool elsewhere = !host.empty() && host != this_host();
    co_return elsewhere ? fmt::format("{} is on host {}, this is {}", file, host, this_host()) : file + " is not there";
  }
  auto read = [file] { return sha256_of_file(file); };
  auto digest = co_await run_blocking(context.services.pool, read);
  if (!digest) co_return digest.error().message;
  co_return *digest == sha256 ? "" : file + " is not what was written (sha256)";
}

Task<Result<void>> decrypt_into(StepContext& context, BackupFile backup, std::string from, std::string into) {
  context.progress(Progress{0, backup.bytes, "decrypt"});
  auto make = [into] { return make_private_file(into); };
  CO_TRY_VOID(co_await run_blocking(context.services.pool, make));
  BackupProgramCall call{"decrypt", context.fleet().backups.decrypt, "", from, into, backup.bytes, context.time_left};
  CO_TRY_VOID(co_await call_within_pause(context, std::move(call)));
  const std::string wrong = co_await why_unusable_file(context, into, backup.working_sha256, "");
  if (!wrong.empty()) co_return Error(ErrorKind::corrupt, "decrypted, " + wrong);
  co_return Result<void>();
}

// Decrypted or as it is, in `into`.
Task<Result<void>> from_store(StepContext& context, BackupFile backup, std::string into) {
  const std::string fetched = backup.encrypted ? into + kFetched : into;
  auto make = [fetched] { return make_private_file(fetched); };
  CO_TRY_VOID(co_await run_blocking(context.services.pool, make));
  context.progress(Progress{0, backup.bytes, "download"});
  BackupProgramCall call{"download", context.fleet().backups.download, backup.key, "", fetched, backup.bytes, context.time_left};
  auto downloaded = co_await call_within_pause(context, std::move(call));
  if (downloaded) {
    const std::string wrong = co_await why_unusable_file(context, fetched, backup.sha256, "");
    if (!wrong.empty()) downloaded = Error(ErrorKind::corrupt, "the store gave back something else than was put in (sha256)");
  }
  if (downloaded && backup.encrypted) downloaded = co_await decrypt_into(context, backup, fetched, into);
  if (backup.encrypted) (void)remove_file(fetched);
  co_return downloaded;
}

}  // namespace

Result<BackupPlace> choose_backup_place(StepContext& context, const std::string& distinction, Packing packing) {
  const std::string id = context.instance().id;
  const std::string& folder = context.work.plan.options.backup_directory;
  if (folder.empty()) return Error(ErrorKind::usage, "no backup directory was given", "--backup-directory DIR");
  const BackupPolicy& policy = context.fleet().backups;
  BackupPlace place;
  place.server = context.source_server(id).id;
  place.name = context.instance().database;
  if (auto fence = context.intent<FenceIntent>("fence_source", id)) place.name = fence->fenced_name;
  const std::string run = fmt::format("{}-r{}", context.work.journal_token, context.work.run);
  const std::string file = fmt::format("{}-t{}-e{}{}", id, context.work.planned.number, context.work.record.epoch, distinction);
  if (packing == Packing::by_zstd && has_zstd()) place.compression = kZstd;
  const std::string suffix = backup_suffix(policy, place.compression);
  place.file = (fs::path(folder) / run / (file + suffix)).string();
  place.working_file = (fs::path(folder) / run / (file + backup_suffix({}, place.compression))).string();
  if (!policy.upload.empty() && keeps_backup(context)) place.key = run + "/" + file + suffix;
  return place;
}

Task<Result<BackupFile>> make_backup(StepContext& context, BackupPlace place) {
  auto made = co_await dump_and_keep(context, place);
  if (made) co_return made;
  auto discarded = co_await discard_backup(context, place);
  Error error = std::move(made).error();
  if (!discarded) error.message += fmt::format(" (and what there is of it could not be removed: {})", discarded.error().message);
  else if (!discarded->empty()) error.message += fmt::format(" ({})", *discarded);
  co_return std::move(error).within(fmt::format("the backup of \"{}\" failed", context.instance().database));
}

Task<Result<std::string>> discard_backup(StepContext& context, BackupPlace place) {
  const BackupPolicy& policy = context.fleet().backups;
  std::error_code unreadable;
  const bool here = fs::exists(place.file, unreadable);
  std::string why;
  if (!place.key.empty() && policy.remove.empty()) why = "the fleet file names no program to remove it";
  // A file that isn't encrypted yet was not put into the store.
  if (!place.key.empty() && !here) why = fs::exists(place.working_file, unreadable) ? "" : "no program was asked to remove it";
  if (!place.key.empty() && !policy.remove.empty() && here) {
    // Whether all of it came there isn't known; half a file in a store is no reason to keep an app paused.
    BackupProgramCall call{"remove", policy.remove, place.key, "", "", 0, std::min(context.time_left.value_or(kRemoveLimit), kRemoveLimit)};
    auto removed = co_await call_within_pause(context, std::move(call));
    if (!removed) why = removed.error().message;
  }
  CO_TRY_VOID(remove_file(place.working_file));
  CO_TRY_VOID(remove_file(place.working_file + kFetched));
  CO_TRY_VOID(remove_file(place.file));
  if (why.empty()) co_return std::string();
  co_return fmt::format("a copy may be in the store, key {}: {}", place.key, why);
}

std::optional<BackupFile> latest_backup(const StepContext& context, const std::string& instance) {
  for (const char* step : {"enable_reprovisioned_services", "restore_backup_to_reprovisioned_services", "transfer_to_prepared_services"}) {
    const json outcome = context.outcome_of(step, instance);
    if (outcome.is_object() && outcome.value("backup", json()).is_object()) return outcome.at("backup").get<BackupFile>();
  }
  for (const char* step : {"back_up_after_pivot", "backup_collected_services"})
    if (auto outcome = context.outcome<BackupOutcome>(step, instance)) return outcome->backup;
  return std::nullopt;
}

Task<Result<Archive>> archive_to_restore(StepContext& context, std::string instance, BackupPlace again) {
  auto outcome = context.outcome<BackupOutcome>("backup_collected_services", instance);
  if (!outcome) co_return Error(ErrorKind::internal, "a restore needs a backup of instance " + instance);
  const BackupFile backup = outcome->backup;
  Archive archive;
  std::vector<std::string> reasons;
  // A journal of an earlier version knows the file only.
  const std::string readable = backup.working_file.empty() ? backup.file : backup.working_file;
  const std::string sum = backup.working_file.empty() ? backup.sha256 : backup.working_sha256;
  std::string wrong = co_await why_unusable_file(context, readable, sum, backup.host);
  if (wrong.empty()) {
    archive.file = readable;
    archive.because = "the backup's own file";
    co_return archive;
  }
  reasons.push_back(wrong);
  if (backup.encrypted) {
    wrong = co_await why_unusable_file(context, backup.file, backup.sha256, backup.host);
    if (wrong.empty()) {
      auto decrypted = co_await decrypt_into(context, backup, backup.file, again.working_file);
      if (decrypted) {
        archive.file = again.working_file;
        archive.because = fmt::format("decrypted again: {}", fmt::join(reasons, "; "));
        co_return archive;
      }
      wrong = decrypted.error().message;
    }
    reasons.push_back(wrong);
  }
  if (!backup.key.empty()) {
    auto fetched = co_await from_store(context, backup, again.working_file);
    if (fetched) {
      archive.file = again.working_file;
      archive.because = fmt::format("out of the store: {}", fmt::join(reasons, "; "));
      co_return archive;
    }
    reasons.push_back(fetched.error().message);
  }
  // The moment that it was of is over.
  if (rehearses(context))
    co_return Error(ErrorKind::io, fmt::format("the backup of the rehearsal is gone: {}", fmt::join(reasons, "; ")), "rehearse the target again");
  archive.because = fmt::format("taken again from the fenced source: {}", fmt::join(reasons, "; "));
  context.progress(Progress{0, 0, archive.because});
  CO_TRY(archive.made, co_await make_backup(context, again));
  archive.file = again.working_file;
  co_return archive;
}

Task<Result<void>> remove_readable(StepContext& context, std::string instance) {
  const auto first = context.outcome<BackupOutcome>("backup_collected_services", instance);
  if (first && first->backup.encrypted) CO_TRY_VOID(remove_file(first->backup.working_file));
  const json copied = context.outcome_of("transfer_to_prepared_services", instance);
  if (copied.is_object() && copied.value("backup", json()).is_object() && copied.at("backup").value("encrypted", false))
    CO_TRY_VOID(remove_file(copied.at("backup").get<BackupFile>().working_file));
  const json intent = context.intent_of("restore_backup_to_reprovisioned_services", instance);
  if (!intent.is_object() || !intent.contains("again")) co_return Result<void>();
  // What was taken again and isn't encrypted is the file that is kept; what came out of a store is only a copy.
  const json outcome = context.outcome_of("restore_backup_to_reprovisioned_services", instance);
  const bool kept = outcome.is_object() && outcome.value("backup", json()).is_object() && !outcome["backup"].value("encrypted", false);
  if (!kept) CO_TRY_VOID(remove_file(intent.at("again").get<BackupPlace>().working_file));
  co_return Result<void>();
}

Task<Result<void>> discard_rehearsed_backup(StepContext& context, std::string instance) {
  for (const auto& [operation, place] : {std::pair{"restore_backup_to_reprovisioned_services", "again"}, std::pair{"backup_collected_services", "place"}}) {
    const json intent = context.intent_of(operation, instance);
    if (!intent.is_object() || !intent.contains(place)) continue;
    BackupPlace made = intent.at(place).get<BackupPlace>();
    CO_TRY(const std::string left, co_await discard_backup(context, std::move(made)));
    if (!left.empty()) co_return Error(ErrorKind::io, left);
  }
  co_return Result<void>();
}

}  // namespace pgconvoy
