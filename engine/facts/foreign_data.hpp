// Where foreign servers of a database lead, and which files its foreign tables read.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kForeignDataPart = "foreign_data";
inline constexpr const char* kForeignPlacesPart = "foreign_places";

struct ForeignServerFact {
  std::string name, wrapper;         // name quoted as in SQL
  std::string host, port, database;  // of its options; "" when not given
  int tables = 0;
};
PGCONVOY_JSON(ForeignServerFact);

struct ForeignFileFact {
  std::string table, file;  // table qualified
};
PGCONVOY_JSON(ForeignFileFact);

struct ForeignDataFact {
  std::vector<ForeignServerFact> servers;  // at most 100
  std::vector<ForeignFileFact> files;      // of file_fdw, at most 100
};
PGCONVOY_JSON(ForeignDataFact);

// Of a database: a ForeignDataFact, from pg_foreign_server, pg_foreign_data_wrapper and pg_foreign_table. Options of user
// mappings, which hold passwords, are not read.
std::string foreign_data_sql(int version);

struct ForeignLeadFact {
  std::string name, server, database;  // foreign server, quoted as in SQL; the fleet's server; "" when its options name none
};
PGCONVOY_JSON(ForeignLeadFact);

struct ForeignPlacesFact {
  std::vector<ForeignLeadFact> leads;      // those of `stale`, in parts
  std::vector<std::string> stale;          // "server crm: database crm of eu-west-pg13": leads to a server that instances of the fleet leave
  std::vector<std::string> missing_files;  // "public.t: /srv/list.csv": not on the target's host
  std::string files_unknown_because;
};
PGCONVOY_JSON(ForeignPlacesFact);

// A ForeignPlacesFact. Addresses are compared with those of the fleet's servers of the instance's own service; a server without a
// host is the one that the database is on. Files are looked for by the target server (pg_stat_file). No session when there are none.
Task<Result<json>> read_foreign_places(const InquiryContext& context);

}  // namespace pgconvoy
