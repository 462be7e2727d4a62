// By what --journal says: in a file, or in PostgreSQL.
#include "engine/journal/journal.hpp"
#include "engine/journal/postgres_address.hpp"
#include "engine/journal/postgres_journal.hpp"
#include "engine/journal/sqlite_journal.hpp"

namespace pgconvoy {

Result<std::unique_ptr<Journal>> open_journal(const std::string& uri, OpenMode mode) {
  std::string path = uri;
  if (is_postgres_journal(uri)) return PostgresJournal::open(uri, mode);
  if (path.starts_with("sqlite:")) path.erase(0, 7);
  if (path.empty())
    return Error(ErrorKind::usage, "the journal has no path", "give one: --journal PATH, or PGCONVOY_JOURNAL");
  return SqliteJournal::open(path, mode);
}

}  // namespace pgconvoy
