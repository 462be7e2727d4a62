// A schema-only restore of a database into a scratch database on the target server: the only look ahead that writes.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kTrialPart = "trial_restore";

struct TrialError {
  std::string type, name;   // "AGGREGATE", "public.gather(anyelement)"
  std::string message;      // what the server said; of what may hold a password, that it refused
};
struct TrialFacts {
  std::string server, database;           // where; the scratch database
  std::vector<TrialError> errors;         // the first 20, in the order in which they came
  int more = 0;                           // beyond those
  int consequences = 0;                   // objects that failed because one of these did
  std::vector<std::string> left_out;      // what could not be tried, in words
  std::string unfinished_because;         // "": it went to its end
  std::string left_behind;                // "": scratch database and role are gone
  double seconds = 0;
};
PGCONVOY_JSON(TrialError);
PGCONVOY_JSON(TrialFacts);

// Writes, on the target server: a database and a role of its own (trial_scratch.hpp), both removed at the end whatever
// came; first what killed trials left there. Nothing is written on the source: pg_dump reads the schema, under locks
// that it waits 5 s for. Argument `limit` in seconds, of the restore as a whole; removal comes on top. No roles of the
// tenants are made: owners and privileges are left out. Errors: what keeps it from being tried; cancelled when it was told to
// stop, after the removal.
//
// Definitions are restored by the administrator; whatever evaluates the tenants' code by the scratch role, which logged
// in and has no rights outside. The plan is that of the restore (engine/postgres/archive_list.hpp).
Task<Result<json>> read_trial(const InquiryContext& context);

// Adds the errors in what one call of pg_restore said, and how many came because of others, of earlier calls too. `list` is
// its --list. Pure.
// `roles` are roles of the source: what needs one is left out.
void read_trial_errors(TrialFacts& trial, const std::string& said, const std::string& list, const std::vector<std::string>& roles);

}  // namespace pgconvoy
