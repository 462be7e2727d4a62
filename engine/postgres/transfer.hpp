// Rows from one database into the empty tables of another, hashed on their way, and read back to prove that they came.
//
// Both databases stand still meanwhile: the source is fenced, the target nobody else's yet. REQUIRES: no triggers, foreign
// keys, row security and materialized views on the target yet: COPY into it evaluates CHECK constraints, domains,
// generated columns and, where they are there already, expressions of indexes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/core/task.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// A table with rows of its own, as the target has it.
struct TransferTable {
  std::string name;        // qualified and quoted
  std::string owner;       // not quoted; "" when a superuser owns it
  std::string read_sql;    // COPY ... TO STDOUT on the source
  std::string write_sql;   // COPY ... FROM STDIN on the target
  std::string check_sql;   // COPY ... TO STDOUT on the target: the same columns in the same order as read_sql
  // Where columns are generated: all columns of the source, for which check_sql asks the target too. "": read_sql has all.
  std::string whole_sql;
  std::int64_t size = 0;   // bytes on disk at the source, with TOAST
  std::string clear_sql;   // TRUNCATE on the target, in the transaction that writes: rows can be written frozen then
  std::string frozen_sql;  // write_sql for that
  bool binary = false;     // rows are read, written and checked in COPY's binary format; whole_sql sends text
  std::string after_sql;   // run on the target once its rows are there, by whoever wrote them: its indexes. May be empty
  bool analyze = true;     // right afterwards. Not where statistics depend on more than the table alone
};

struct TransferPlan {
  std::vector<TransferTable> tables;   // the largest first
  std::vector<std::string> sequences;  // qualified and quoted
  bool large_objects = false;          // the source has some (large_objects.hpp)
};

// Reads the catalogues of both. Error conflict when a table with rows is missing on the target or has other columns.
Task<Result<TransferPlan>> plan_transfer(Session& source, Session& target);

// The same plan with the sizes of now, and in their order, and with the large objects of now. REQUIRES: neither schema has
// changed since it was made. Error conflict when a table isn't there.
Task<Result<TransferPlan>> measure_again(TransferPlan plan, Session& source);

// One way for rows: a session on each side, with the rights that are needed to write there.
struct TransferLane {
  Session* source = nullptr;
  // The session that writes tables of an owner ("": the administrator's). Opened when first asked for.
  std::function<Task<Result<Session*>>(std::string owner)> target;
};

struct TransferredTable {
  std::string name;
  std::int64_t rows = 0, bytes = 0;  // bytes that COPY sent, without a header
  std::string checksum;              // as in compare.hpp
};

struct Transferred {
  std::vector<TransferredTable> tables;  // in the plan's order
  std::int64_t rows = 0, bytes = 0;
};

// Copies all tables, each followed by its after_sql and ANALYZE; lanes take the next table when they have done one. `progress`
// (may be empty) is told bytes of rows so far. The first error ends all lanes, but for one of ANALYZE: such a table stays
// without statistics. Memory: about a MiB a lane. What was written stays written after an error.
Task<Result<Transferred>> transfer_rows(const TransferPlan& plan, std::vector<TransferLane> lanes, std::uint64_t seed,
                                        std::function<void(std::int64_t bytes)> progress);

// A foreign key between two ordinary tables.
struct ForeignKey {
  std::string table, parent;  // qualified and quoted
  std::string owner;          // who may add it, and in whose session it is checked
  std::string sql;
};

// Adds them all, each in a session of its owner's; no two lanes are at one table at the same time. The first error ends all.
// REQUIRES: what they refer to is unique there, and the owners have the privileges that a foreign key needs.
Task<Result<void>> add_foreign_keys(const std::vector<ForeignKey>& keys, std::vector<TransferLane> lanes);

// Sets every sequence of the target to the source's value. As the administrator.
Task<Result<int>> transfer_sequences(const TransferPlan& plan, Session& source, Session& target);

// Reads the target's tables back, each session a share of them, and compares with what the source sent. Values that the
// target generated itself are compared with the source's, which is read again for that. Error corrupt names the tables that differ. REQUIRES: seed and plan are those of transfer_rows.
Task<Result<void>> prove_transfer(const TransferPlan& plan, const Transferred& sent, Session& source, std::vector<Session*> sessions, std::uint64_t seed);

}  // namespace pgconvoy
