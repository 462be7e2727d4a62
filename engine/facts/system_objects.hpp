// Objects of a database that a dump leaves out or can't carry, for where they are or what they are made of: objects in
// the system's own schemas, columns that hold rows of the system's relations, encoding conversions.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/core/task.hpp"
#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kSystemObjectsInquiry = "system_objects";

struct SystemRowColumn {
  std::string column;            // "public.t.c"
  std::string relation;          // pg_class's name of the relation whose rows it holds: "pg_stat_ssl"
  std::string type;              // as it is declared: "pg_stat_ssl[]"
  bool has_rows = false;         // its table has, or may have: somebody holds it exclusively
};
PGCONVOY_JSON(SystemRowColumn);

struct ConversionFact {
  std::string name;              // "public.c"
  std::string function;          // regprocedure
  int arguments = 0;
  bool own_function = false;     // not the server's
};
PGCONVOY_JSON(ConversionFact);

struct SystemObjectsFacts {
  std::vector<std::string> misplaced;      // "function pg_catalog.mine()": a limited number
  int more_misplaced = 0;
  std::vector<SystemRowColumn> columns;
  std::vector<ConversionFact> conversions;
};
PGCONVOY_JSON(SystemObjectsFacts);

// One SystemObjectsFacts; members of extensions are left out.
// Needs the part `code`; error of kind refused when that was not read. The administrator's session, opened only when
// that part says that there is something; reads the catalogue alone.
Task<Result<json>> read_system_objects(const InquiryContext& context);

}  // namespace pgconvoy
