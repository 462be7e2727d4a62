// From rows of the journal's tables to records: the same for every journal, so that none reads them differently.
#pragma once

#include <optional>
#include <string>

#include "engine/journal/store.hpp"

namespace pgconvoy {

// The columns of a row, from 0.
class RowView {
 public:
  virtual ~RowView() = default;
  virtual std::int64_t integer(int column) const = 0;  // 0 for null
  virtual bool is_null(int column) const = 0;
  virtual std::string text(int column) const = 0;  // "" for null
};

// The columns that the functions below take, in their order.
inline constexpr const char* kEventColumns = "sequence, run, target, step, attempt, epoch, kind, at, data, hash";
inline constexpr const char* kRunColumns =
    "id, state, intent, runbook, runbook_digest, created, started, ended, planned, hash";
inline constexpr const char* kTargetColumns =
    "run, number, id, region, state, epoch, pivoted, reason, started, ended, paused_at, resumed_at, planned, hash";
inline constexpr const char* kStepColumns =
    "target, path, status, attempt, epoch, first_started, intent, outcome, error, started, ended";
inline constexpr const char* kObligationColumns = "id, run, target, kind, state, due, waits_for, data";
inline constexpr const char* kBackupColumns =
    "run, target, target_id, instance, server, database, file, sha256, format, created, state, bytes, details";

// Error corrupt: what stands there is nothing that was ever written.
Result<Stored<RunRecord>> run_of_row(const RowView& row);
Result<Stored<TargetRecord>> target_of_row(const RowView& row);
Result<StepRecord> step_of_row(const RowView& row);
Result<StoredObligation> obligation_of_row(const RowView& row);
Result<BackupRecord> backup_of_row(const RowView& row);
StoredEvent event_of_row(const RowView& row);

// JSON text of a column; null for NULL.
Result<json> json_of(const RowView& row, int column);

// What a column holds of these; nothing: NULL.
std::optional<std::string> text_of(const std::optional<WallTime>& time);
std::optional<std::string> text_of(const json& value);

}  // namespace pgconvoy
