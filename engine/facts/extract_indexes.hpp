// Indexes and partition keys over date_part(), which is what extract() was until PostgreSQL 13.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/core/task.hpp"
#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kExtractIndexesInquiry = "extract_indexes";

struct ExtractIndex {
  std::string object;      // "index public.i", "partition key of public.t"
  std::string table;       // "public.t"
  std::string definition;  // its expressions and condition, as the server prints them
};
PGCONVOY_JSON(ExtractIndex);

// A list of ExtractIndex, of valid and invalid indexes alike, without those of partitions and without members of extensions.
// Needs the part `code`; error of kind refused when that was not read. The administrator's session, opened only when
// that part says that there is something; reads the catalogue alone.
Task<Result<json>> read_extract_indexes(const InquiryContext& context);

}  // namespace pgconvoy
