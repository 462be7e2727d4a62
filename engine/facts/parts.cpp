// Every part and inquiry there is. A new one is a file of its own and a line here.
#include "engine/facts/builtins.hpp"
#include "engine/facts/code.hpp"
#include "engine/facts/load_order.hpp"
#include "engine/facts/operators.hpp"
#include "engine/facts/part.hpp"
#include "engine/facts/inquiry.hpp"
#include "engine/facts/removed_code.hpp"

namespace pgconvoy {

const std::vector<Part>& database_parts() {
  static const std::vector<Part> parts{
      {kOperatorsPart, operators_sql},
      {kCodePart, code_sql},
  };
  return parts;
}

const std::vector<Part>& server_parts() {
  static const std::vector<Part> parts{
      {kBuiltinsPart, builtins_sql},
  };
  return parts;
}

const std::vector<Inquiry>& database_inquiries() {
  static const std::vector<Inquiry> inquiries{
      {kLoadOrderInquiry, read_load_order},
      {kRemovedCodeInquiry, read_removed_code},
  };
  return inquiries;
}

}  // namespace pgconvoy
