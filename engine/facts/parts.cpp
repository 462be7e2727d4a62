// Every part and inquiry there is. A new one is a file of its own and a line here.
#include "engine/facts/broken_constraints.hpp"
#include "engine/facts/evaluated_expressions.hpp"
#include "engine/facts/index_entries.hpp"
#include "engine/facts/operators.hpp"
#include "engine/facts/part.hpp"
#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

const std::vector<Part>& database_parts() {
  static const std::vector<Part> parts{
      {kOperatorsPart, operators_sql},
  };
  return parts;
}

const std::vector<Part>& server_parts() {
  static const std::vector<Part> parts{
      {kToastCompressionPart, toast_compression_sql},
  };
  return parts;
}

const std::vector<Inquiry>& database_inquiries() {
  static const std::vector<Inquiry> inquiries{
      {kIndexEntriesInquiry, read_index_entries},
      {kBrokenConstraintsInquiry, read_broken_constraints},
      {kEvaluatedExpressionsInquiry, read_evaluated_expressions},
  };
  return inquiries;
}

}  // namespace pgconvoy
