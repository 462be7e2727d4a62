// Compares contents when the application already runs on the new database.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/journal/event.hpp"
#include "engine/run/operation.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

// Outcome of verify_after_pivot, one per instance.
struct LateVerification {
  // "equal": every table that can still be compared is; "counts": rows were only counted, before the pivot;
  // "accepted": found different, and a person said that it stays.
  std::string verdict;
  std::string because;  // why it is counts or accepted, for people
  std::int64_t rows = 0, bytes = 0, tables = 0, large_objects = 0;  // found equal
  std::map<std::string, std::string> not_comparable;                // table -> what the application did with it since
  std::vector<TableEvidence> evidence;                              // as of a verification
  std::vector<Obligation> obligations;                              // the runner journals them with the outcome
};
PGCONVOY_JSON(LateVerification);

// The kind of what is owed while contents were never compared, and its id.
inline constexpr const char* kAcceptVerification = "accept_verification";
std::string acceptance_id(std::int64_t run, int target, const std::string& instance);

// The outcome of the step when a person lets a difference stay.
json accepted_difference(std::string because);

std::unique_ptr<Operation> make_verify_after_pivot();

}  // namespace pgconvoy
