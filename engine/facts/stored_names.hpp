// Columns whose values are objects of the catalogue (regclass, regproc ...): PostgreSQL stores a number, and a dump a name
// that is looked up again when the row is restored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/facts/inquiry.hpp"
#include "engine/facts/row_reader.hpp"

namespace pgconvoy {

inline constexpr const char* kNameColumnsPart = "name_columns";
inline constexpr const char* kStoredNamesInquiry = "stored_names";

// Of a database: whether a table has such a column: true or false.
std::string name_columns_sql(int version);

struct StoredName {
  std::string column;    // "public.registry.what"
  std::string type;      // regclass
  std::string name;      // as a dump writes it
  std::int64_t rows = 0;
  // late: made after the rows (an index); ambiguous: several objects have that name; place: its name is this database's
  // alone (TOAST, temporary); gone: the target server's own objects have none of that name; role: nobody makes that role on
  // the target; number: it names nothing here either.
  std::string fault;
};
PGCONVOY_JSON(StoredName);

struct StoredNamesFact {
  std::vector<StoredName> faults;        // at most 200
  std::vector<NotChecked> not_checked;   // columns
};
PGCONVOY_JSON(StoredNamesFact);

// One StoredNamesFact. Reads the distinct values of these columns, smallest tables first, for as long as time_budget says;
// without a session when the part says that there are none. Rows that a tenant's code stands before are read by a login
// as the owner.
Task<Result<json>> read_stored_names(const InquiryContext& context);

}  // namespace pgconvoy
