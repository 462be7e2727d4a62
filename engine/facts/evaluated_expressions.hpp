// Expressions that a restore evaluates with an empty search_path, evaluated the same way beforehand: indexes, generated
// columns, CHECK constraints, domains, partition keys, materialized views.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/inquiry.hpp"
#include "engine/facts/row_reader.hpp"

namespace pgconvoy {

inline constexpr const char* kEvaluatedExpressionsInquiry = "evaluated_expressions";

struct FailedExpression {
  std::string kind;                    // index, generated column, CHECK constraint, domain, partition key, materialized view
  std::string object;                  // qualified: "public.by_label", "constraint small of public.t", "column twice of public.g"
  std::string error, sqlstate;         // what the server said
  std::vector<std::string> functions;  // of the database, that the expression names: regprocedure
  bool name_not_found = false;         // a table, function or type that an unqualified name didn't lead to
};
PGCONVOY_JSON(FailedExpression);

struct EvaluatedExpressionsFact {
  int evaluated = 0;
  std::vector<FailedExpression> failed;
  std::vector<NotChecked> not_checked;
};
PGCONVOY_JSON(EvaluatedExpressionsFact);

// Read-only, over the rows there are, in a session of the tenant with search_path ''. Only expressions that call functions
// of the database, and every populated materialized view. What a restore doesn't evaluate for a table without rows isn't
// here either. Until the argument time_budget (seconds) runs out.
Task<Result<json>> read_evaluated_expressions(const InquiryContext& context);

}  // namespace pgconvoy
