// What a database held at one moment, kept so that a copy of it can be compared when the database itself has moved on:
// its catalogue, the sums of its rows, its sequences.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/postgres/catalogue.hpp"
#include "engine/postgres/compare.hpp"
#include "engine/postgres/content.hpp"

namespace pgconvoy {

// Qualified quoted name -> "12 true": the last value, and whether nextval() has given it out.
using SequenceValues = std::map<std::string, std::string>;

struct RecordedSum {
  std::string kind, name;
  bool large_objects = false;
  RowSum sum;
};

struct RecordedDatabase {
  int version = 0, target_version = 0;  // server_version_num of the database, and of the server that it was recorded for
  bool superusers = true;               // it was read by one, for one
  bool content = true;                  // rows were read, too
  std::uint64_t seed = 0;               // of the hashes
  std::vector<CatalogueEntry> entries;  // sequences without their values
  SequenceValues sequences;
  std::vector<ContentTable> tables;
  std::vector<RecordedSum> sums;
  std::int64_t rows = 0, bytes = 0;     // of the tables, as COPY text
};

struct RecordOptions {
  int target_version = 0;
  bool target_superuser = true;
  bool content = true;
  std::function<void(std::int64_t rows, std::int64_t bytes)> progress;  // passing, may be empty
};

// Reads through the session's own transaction, which stays open. REQUIRES: the administrator's session inside the
// database, in a transaction of isolation level REPEATABLE READ; ACCESS SHARE locks on the tables, or nobody truncates or
// rewrites one meanwhile: an earlier snapshot sees such a table empty (manual: MVCC caveats). Sequences know no snapshot:
// they are read as they are now. Writes nothing.
Task<Result<RecordedDatabase>> record_database(Session& source, RecordOptions options);

// Values of the sequences of a database that pg_dump dumps, right now. Writes nothing; may be repeated.
Task<Result<SequenceValues>> sequence_values(Session& session);

// Compares a copy with the record, as compare_databases() compares two databases. `now`: the sequences of the recorded
// database some time after the copy was taken: a copy's sequence may stand anywhere between the two. Reads in one transaction
// that is ended before the return. Error conflict: it was recorded for another version or another kind of administrator.
// Rows that differ are not named. Writes nothing.
Task<Result<Comparison>> compare_with_record(Session& target, RecordedDatabase record, SequenceValues now, CompareOptions options);

// As bytes (CBOR: names and definitions needn't be UTF-8) and back. Error corrupt.
std::string to_bytes(const RecordedDatabase& record);
Result<RecordedDatabase> record_from_bytes(const std::string& bytes);

// Could a copy that stands at `copy` have been taken between `before` and `after`? With an empty `after` (the sequence is
// gone by now) every value could. Pure.
bool is_between(const std::string& before, const std::string& copy, const std::string& after);

}  // namespace pgconvoy
