// What of a prepared database's definitions comes with the rows and after them: sorted out before the pause, kept beside the
// definitions for as long as these, so that inside the pause nothing is listed or parsed any more.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/postgres/archive_list.hpp"
#include "engine/postgres/restore_script.hpp"
#include "engine/postgres/session.hpp"
#include "engine/postgres/transfer.hpp"

namespace pgconvoy {

// The table of an index or of a constraint, both on the server that is left.
struct PlaceOfEntry {
  std::int64_t catalogue = 0, oid = 0;
  std::string table, parent;  // qualified and quoted; parent: what a foreign key refers to, else ""
  std::int64_t size = 0;      // bytes of the table's rows
  bool ordinary = false;      // neither of the two is partitioned
};

struct PreparedRest {
  TransferPlan plan;                          // as of then: sizes change
  std::vector<ArchiveEntry> before;           // for pg_restore, before the rows; not kept
  std::map<std::string, std::string> tables;  // by table: what makes its indexes and constraints once its rows are there
  std::string privileges;                     // the administrator's, after what loads rows and before the keys
  std::vector<ForeignKey> keys;               // in the archive's order
  std::vector<ArchiveEntry> after;            // for pg_restore
};

// Tables whose rows take more than this get their indexes after them: building one in one go costs a third of keeping it
// up to date row by row, but making one at all costs as much as some hundred rows.
inline constexpr std::int64_t kIndexesLater = 128 << 10;

// What of the archive's entries comes before the rows. The rest comes after them; both keep their order. `late`: it is an
// index or a constraint that waits for its table's rows, or goes with such.
bool comes_before_rows(const ArchiveEntry& entry, bool late);

// Which entries are in question for sessions of ours: their text is asked for (pg_restore --use-list). What tenants run and what the
// administrator runs is asked for separately: privileges consist of names alone, and no text of a tenant is in theirs.
bool may_be_made_by_tenant(const ArchiveEntry& entry);
bool may_be_made_by_administrator(const ArchiveEntry& entry);

using Script = std::map<int, ScriptEntry>;

// Pure. Whatever isn't in a script or has no place is pg_restore's.
PreparedRest sort_entries(std::vector<ArchiveEntry> entries, const Script& of_tenants, const Script& of_administrator, const std::vector<PlaceOfEntry>& places);

Task<Result<std::vector<PlaceOfEntry>>> read_places(Session& source);

// "DEFINITIONS.rest", private. Blocking. Error io; corrupt when it is not what was written.
std::string rest_file(const std::string& definitions);
Result<void> write_rest(const std::string& definitions, const PreparedRest& rest);
Result<PreparedRest> read_rest(const std::string& definitions);

// Both files are gone. Idempotent. Blocking.
Result<void> remove_definitions(const std::string& definitions);

}  // namespace pgconvoy
