// The embedded journal: one SQLite file. docs/journal.md specifies it.
//
// Any thread may call, one call at a time goes on: a mutex sees to that, so that the writer's thread and one that
// reads can share a journal. events() lets others in between its pages.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/journal/journal.hpp"
#include "engine/journal/run_lock.hpp"
#include "engine/journal/appender.hpp"
#include "engine/journal/sqlite_database.hpp"

namespace pgconvoy {

class SqliteJournal final : public Journal {
 public:
  static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& path, OpenMode mode);

  std::string token() const override { return token_; }
  Result<std::int64_t> create_run(json plan, PlannedTargets targets, WallTime now) override;
  Result<void> append(std::vector<Event>& events) override;
  Result<std::vector<RunRecord>> runs() override;
  Result<RunRecord> run(std::int64_t id) override;
  Result<RunRecord> run_without_plan(std::int64_t id) override;
  Result<std::int64_t> latest_run() override;
  Result<std::vector<TargetRecord>> targets(std::int64_t run, bool with_steps) override;
  Result<void> visit_targets(std::int64_t run, const std::function<Result<void>(const TargetRecord&)>& visit) override;
  Result<TargetRecord> target(std::int64_t run, int number) override;
  Result<json> planned_target(std::int64_t run, int number) override;
  Result<void> planned_targets(std::int64_t run, const std::function<Result<void>(json)>& visit) override;
  Result<void> events(std::int64_t run, std::int64_t after_sequence,
                      const std::function<bool(const Event&)>& visit) override;
  Result<void> own_events(std::int64_t run, std::int64_t after_sequence, const std::function<bool(const Event&)>& visit) override;
  Result<void> target_events(std::int64_t run, int target, std::int64_t after_sequence, const std::function<bool(const Event&)>& visit) override;
  Result<std::vector<Obligation>> obligations(bool open_only) override;
  Result<std::vector<BackupRecord>> backups() override;
  Result<std::vector<std::string>> verify() override;
  Result<void> lock_run(std::int64_t id) override;

 private:
  SqliteJournal(std::filesystem::path path, bool read_only, std::unique_ptr<SqliteDatabase> database, std::string token)
      : path_(std::move(path)), read_only_(read_only), database_(std::move(database)), token_(std::move(token)) {}

  Result<void> refuse_when_read_only() const;
  Result<RunRecord> read_whole_run(std::int64_t id, bool with_plan);
  // A page at a time, so that nobody's cursor holds up the WAL; `where` narrows them down.
  Result<void> visit_events(const char* which, std::optional<int> target, std::int64_t run, std::int64_t after_sequence,
                            const std::function<bool(const Event&)>& visit);

  std::mutex mutex_;
  const std::filesystem::path path_;
  const bool read_only_;
  std::unique_ptr<SqliteDatabase> database_;
  const std::string token_;
  std::map<std::int64_t, RunLock> locks_;
  KnownTargets known_;
};

}  // namespace pgconvoy
