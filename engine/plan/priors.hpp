// What operations take where no run has shown it yet: one table, judged from single figures so far (tests/bench/forecast prints it
// anew). Pure data.
#pragma once

#include <string>
#include <vector>

namespace pgconvoy {

// Terms of an operation's work. `fixed` is what it takes whatever the database is like, with an amount of 1 for each step.
namespace term {
inline constexpr const char* kFixed = "fixed";
inline constexpr const char* kTableBytes = "table_bytes";            // TOAST included
inline constexpr const char* kIndexBytes = "index_bytes";
inline constexpr const char* kLargeObjectBytes = "large_object_bytes";
inline constexpr const char* kLargeObjects = "large_objects";
inline constexpr const char* kTables = "tables";
inline constexpr const char* kRelations = "relations";
inline constexpr const char* kEncryptedBytes = "encrypted_bytes";    // that go through the site's filter
inline constexpr const char* kDatabases = "databases";
inline constexpr const char* kSteps = "steps";
inline constexpr const char* kOwnEstimate = "own_estimate";          // seconds, by an operation that the table doesn't know
// Of a step that finds nothing to do, such as to start an application that isn't ours: it takes no time, and teaches none.
inline constexpr const char* kNothing = "nothing";
}  // namespace term

// What a target takes beside its steps: its facts are read again, and each step is journaled.
inline constexpr const char* kFactsOfTarget = "(facts of the target)";
inline constexpr const char* kBetweenSteps = "(between steps)";

struct PriorTerm {
  const char* term;
  double seconds;  // for one unit: a byte, a table, an object
};

struct Prior {
  const char* operation;
  std::vector<PriorTerm> terms;
  double spread;  // standard deviation of the logarithm of a step's seconds, beside what its target has in common
};

const std::vector<Prior>& priors();

// Of a machine that nobody has measured: how far all of its targets may be off together, how far one of them beside the
// others, and the power by which they hinder each other (EstimateModel::contention).
inline constexpr double kSharedSpreadPrior = 0.45;
inline constexpr double kTargetSpreadPrior = 0.15;
inline constexpr double kContentionPrior = 0.4;

}  // namespace pgconvoy
