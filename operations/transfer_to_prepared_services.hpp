#pragma once

#include <memory>

#include "engine/run/operation.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

// Outcome of transfer_to_prepared_services, one per instance.
struct TransferOutcome {
  std::int64_t rows = 0, bytes = 0, tables = 0;  // copied, read back and found equal
  int sequences = 0, passes = 0;
  std::int64_t large_objects = 0;                // likewise
  std::vector<std::string> owners;               // as of a restore
  std::map<std::string, double> seconds;         // by phase; some of them run at the same time
  json backup;                                   // a BackupFile; null when it is made after the pivot
  std::vector<TableEvidence> evidence;           // as of a verification
};
PGCONVOY_JSON(TransferOutcome);

std::unique_ptr<Operation> make_transfer_to_prepared_services();

}  // namespace pgconvoy
