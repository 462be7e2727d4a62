#pragma once

#include <memory>

#include "engine/run/operation.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

// Intent of prepare_reprovisioned_services, one per instance.
struct PrepareIntent {
  std::string server, name, owner;       // the new database
  std::string source_server, source_name;
  std::string file;                      // definitions of the source, in pg_restore's format; gone with the transfer, as is what prepared_rest keeps beside it
};
struct PrepareOutcome {
  std::string fingerprint;  // of the source's schema that was prepared; "": it changed meanwhile
  std::string marker;       // of its catalogues then; "": there is none
  int entries = 0, passes = 0;
};
PGCONVOY_JSON(PrepareIntent);
PGCONVOY_JSON(PrepareOutcome);

std::unique_ptr<Operation> make_prepare_reprovisioned_services();

}  // namespace pgconvoy
