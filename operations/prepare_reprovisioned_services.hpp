#pragma once

#include <memory>

#include "engine/run/operation.hpp"
#include "operations/restore_portions.hpp"

namespace pgconvoy {

// Intent of prepare_reprovisioned_services, one per instance.
struct PrepareIntent {
  std::string server, name, owner;       // the new database
  std::string source_server, source_name;
  std::string file;                      // definitions of the source, in pg_restore's format; gone with the transfer
  bool indexes = false;                  // are made before the rows
};
struct PrepareOutcome {
  std::string fingerprint;  // of the source's schema that was prepared; "": it changed meanwhile
  int entries = 0, passes = 0;
};
PGCONVOY_JSON(PrepareIntent);
PGCONVOY_JSON(PrepareOutcome);

// What of the archive's entries comes before the rows. The rest comes after them; both keep their order.
bool comes_before_rows(const ArchiveEntry& entry, bool indexes);

std::unique_ptr<Operation> make_prepare_reprovisioned_services();

}  // namespace pgconvoy
