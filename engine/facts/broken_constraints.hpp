// Rows that break the constraints of their own tables: a restore checks what the source doesn't any more.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/inquiry.hpp"
#include "engine/facts/row_reader.hpp"

namespace pgconvoy {

inline constexpr const char* kBrokenConstraintsInquiry = "broken_constraints";

struct BrokenConstraint {
  std::string kind;           // unique, foreign, exclusion, check, partition, generated, domain
  std::string object, table;  // as of RowCheck
  std::string detail;         // keys of an index, the referenced table, the domain
  std::int64_t rows = -1;     // or keys that several rows have; -1: not counted
  std::string error;          // what evaluating it said, when that was an error
  std::string show;           // a SELECT that shows them
};
PGCONVOY_JSON(BrokenConstraint);

struct BrokenConstraintsFact {
  int checked = 0;  // constraints, indexes and columns
  std::vector<BrokenConstraint> broken;
  std::vector<NotChecked> not_checked;
};
PGCONVOY_JSON(BrokenConstraintsFact);

// Read-only, in the source database: validated foreign keys, unique indexes (from the heap), CHECK constraints, bounds of
// partitions, domains, generated columns. As the administrator; what may call functions of the tenant as the tenant.
// Smallest tables first, until the argument time_budget (seconds) runs out. Of evaluations that fail for other reasons
// than their result only those without a function of the database's are told: the others are evaluated_expressions'.
Task<Result<json>> read_broken_constraints(const InquiryContext& context);

}  // namespace pgconvoy
