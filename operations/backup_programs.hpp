// The site's own programs for backups (fleet file, `backups:`): filters that encrypt and decrypt, and the three that put
// a file into a store, get it out and remove it. Files are handed to them as stdin and stdout, never through our memory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/core/process.hpp"
#include "engine/fleet/fleet.hpp"

namespace pgconvoy {

struct BackupProgramCall {
  std::string what;                    // "encrypt": for messages
  std::vector<std::string> command;    // of the policy
  std::string key;                     // appended to the arguments; "": nothing is
  std::string input_file;              // "": no stdin
  std::string output_file;             // "": what it prints is dropped
  std::int64_t bytes = 0;              // how much it has to do; the limit depends on it
  std::optional<Seconds> time_left;    // less than the limit when a pause has an end
};

// Runs it to its end. Errors: not_found, process (with the last lines of its stderr), timeout. Whether it may be
// repeated is the program's: encrypt, decrypt and download only write the output file, upload and remove must bear it.
Task<Result<void>> call_backup_program(ProcessLauncher& processes, BackupProgramCall call);

// ".dump" or ".dump.zst", and what the filter adds to it: ".dump.age", ".dump.gpg", else ".dump.encrypted".
std::string backup_suffix(const BackupPolicy& policy, const std::string& compression);

}  // namespace pgconvoy
