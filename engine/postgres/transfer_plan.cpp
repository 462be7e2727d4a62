// Which rows are transferred, and by which COPY.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <map>
#include <set>

#include "engine/postgres/content.hpp"
#include "engine/postgres/transfer.hpp"

namespace pgconvoy {
namespace {

// Types that both servers send and take alike in binary, from 10 on: numbers, texts, times, uuid, bytea, json, addresses, and
// arrays of the commonest. All of them built in, so their numbers are the same everywhere. It saves making text of a
// value and a value of text.
constexpr const char* kBinaryTypes =
    "16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 650, 700, 701, 829, 869, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1266, 1700, 2950, 3802, "
    "1005, 1007, 1009, 1015, 1016, 1022, 1231, 2951";
constexpr int kBinarySince = 100000;

struct Inventory {
  std::vector<ContentTable> tables;
  std::vector<std::string> sequences;
  std::set<std::string> together;  // tables whose statistics hold more than their own columns
  std::set<std::string> in_text;   // tables with a type that isn't sent in binary
  bool large_objects = false;
};

Task<Result<Inventory>> read_inventory(Session& session, int other_version) {
  const Dialect dialect{session.server_version(), other_version, true, {}, true};
  const std::string sql =
      content_tables_sql(dialect) + "select format('%I.%I', n.nspname, c.relname) as sequence_name from pg_class c join pg_namespace n on n.oid = c.relnamespace "
      "where c.relkind = 'S' and " + catalogue::user_schema("n") +
      " and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e' and not exists "
      "(select from pg_extension e where c.oid = any (e.extconfig))) order by 1;\n"
      "select format('%I.%I', n.nspname, c.relname) as together from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and "
      "(exists (select from pg_inherits i where i.inhparent = c.oid) or exists (select from pg_statistic_ext s where s.stxrelid = c.oid));\n"
      "select distinct format('%I.%I', n.nspname, c.relname) as in_text from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid "
      "where c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and a.atttypid not in (" + kBinaryTypes + ");\n"
      "select exists (select from pg_largeobject_metadata) as large_objects;\n";
  CO_TRY(const std::vector<Rows> results, co_await session.script(sql));
  Inventory side;
  side.tables = content_tables(results);
  for (const Rows& rows : results) {
    if (rows.columns.empty()) continue;
    if (rows.columns.front() == "sequence_name")
      for (std::size_t i = 0; i < rows.size(); ++i) side.sequences.push_back(rows.text(i, 0));
    if (rows.columns.front() == "together")
      for (std::size_t i = 0; i < rows.size(); ++i) side.together.insert(rows.text(i, 0));
    if (rows.columns.front() == "in_text")
      for (std::size_t i = 0; i < rows.size(); ++i) side.in_text.insert(rows.text(i, 0));
    if (rows.columns.front() == "large_objects") side.large_objects = rows.truth(0, 0);
  }
  co_return side;
}

std::string list_of(const std::vector<std::string>& columns) {
  std::string list;
  for (const std::string& column : columns) list += (list.empty() ? "" : ", ") + quote_identifier(column);
  return list;
}

std::string selected(const ContentTable& table, const std::vector<std::string>& columns) {
  return fmt::format("COPY (SELECT {} FROM ONLY {} {}) TO STDOUT", list_of(columns), table.name, table.condition);
}

// Without columns that can be written, rows are empty lines.
std::string in_brackets(const std::vector<std::string>& columns) { return columns.empty() ? "" : fmt::format(" ({})", list_of(columns)); }

// What both sides' COPY is told about the format of rows.
std::string options_of(bool binary, bool frozen) {
  if (binary) return frozen ? " (FORMAT binary, FREEZE)" : " (FORMAT binary)";
  return frozen ? " (FREEZE)" : "";
}

TransferTable table_of(const ContentTable& source, const ContentTable& target, bool binary) {
  TransferTable table;
  table.name = source.name;
  table.owner = target.owner;
  table.size = source.whole_size;
  table.binary = binary && !source.written.empty();
  const std::string write = fmt::format("COPY {}{} FROM STDIN", source.name, in_brackets(source.written));
  table.write_sql = write + options_of(table.binary, false);
  table.clear_sql = "TRUNCATE ONLY " + source.name;
  table.frozen_sql = write + options_of(table.binary, true);
  const bool part = !source.condition.empty();
  table.read_sql = part ? selected(source, source.written) : fmt::format("COPY {}{} TO STDOUT", source.name, in_brackets(source.written));
  table.read_sql += options_of(table.binary, false);
  table.check_sql = table.read_sql;
  if (source.generated) table.check_sql = table.whole_sql = selected(source, source.columns);
  return table;
}

bool same_columns(std::vector<std::string> left, std::vector<std::string> right) {
  std::sort(left.begin(), left.end());
  std::sort(right.begin(), right.end());
  return left == right;
}

void largest_first(TransferPlan& plan) {
  std::sort(plan.tables.begin(), plan.tables.end(),
            [](const TransferTable& a, const TransferTable& b) { return a.size != b.size ? a.size > b.size : a.name < b.name; });
}

}  // namespace

Task<Result<TransferPlan>> plan_transfer(Session& source, Session& target) {
  using namespace asio::experimental::awaitable_operators;
  auto reading_source = read_inventory(source, target.server_version()), reading_target = read_inventory(target, source.server_version());
  auto [left, right] = co_await (std::move(reading_source) && std::move(reading_target));
  if (!left) co_return std::move(left).error();
  if (!right) co_return std::move(right).error();
  const Inventory &ours = *left, &theirs = *right;
  std::map<std::string, const ContentTable*> by_name;
  for (const ContentTable& table : theirs.tables) by_name.emplace(table.name, &table);
  TransferPlan plan;
  for (const ContentTable& table : ours.tables) {
    const auto found = by_name.find(table.name);
    if (found == by_name.end() || !same_columns(table.columns, found->second->columns) || !same_columns(table.written, found->second->written))
      co_return Error(ErrorKind::conflict, fmt::format("table {} {}", table.name, found == by_name.end() ? "isn't in the new database" : "has other columns in the new database"))
          .on(target.server());
    const bool binary = std::min(source.server_version(), target.server_version()) >= kBinarySince && !ours.in_text.contains(table.name) && !theirs.in_text.contains(table.name);
    plan.tables.push_back(table_of(table, *found->second, binary));
    plan.tables.back().analyze = !ours.together.contains(table.name);
  }
  if (ours.sequences != theirs.sequences) co_return Error(ErrorKind::conflict, "the new database has other sequences").on(target.server());
  plan.sequences = ours.sequences;
  plan.large_objects = ours.large_objects;
  largest_first(plan);
  co_return plan;
}

Task<Result<TransferPlan>> measure_again(TransferPlan plan, Session& source) {
  const std::string sql =
      "select format('%I.%I', n.nspname, c.relname), coalesce(pg_table_size(c.oid), 0) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
      "where c.relkind = 'r' and " + catalogue::user_schema("n") + " union all select '', count(*) from (select from pg_largeobject_metadata limit 1) l";
  CO_TRY(const Rows rows, co_await source.query(sql));
  std::map<std::string, std::int64_t> sizes;
  for (std::size_t i = 0; i < rows.size(); ++i) sizes[rows.text(i, 0)] = rows.number(i, 1);
  plan.large_objects = sizes[""] > 0;
  for (TransferTable& table : plan.tables) {
    const auto found = sizes.find(table.name);
    if (found == sizes.end()) co_return Error(ErrorKind::conflict, fmt::format("table {} isn't in the old database any more", table.name)).on(source.server());
    table.size = found->second;
  }
  largest_first(plan);
  co_return std::move(plan);
}

Task<Result<int>> transfer_sequences(const TransferPlan& plan, Session& source, Session& target) {
  constexpr std::size_t kAtOnce = 200;
  for (std::size_t begin = 0; begin < plan.sequences.size(); begin += kAtOnce) {
    std::string read;
    for (std::size_t i = begin; i < std::min(begin + kAtOnce, plan.sequences.size()); ++i)
      read += fmt::format("{}select {}, last_value, is_called from {}", read.empty() ? "" : " union all ", source.quote_literal(plan.sequences[i]), plan.sequences[i]);
    std::vector<Value> none;
    CO_TRY(const Rows values, co_await source.query(std::move(read), none));
    std::string write = "set local synchronous_commit = off; ";
    for (std::size_t i = 0; i < values.size(); ++i)
      write += fmt::format("select pg_catalog.setval({}::pg_catalog.regclass, {}, {}); ", target.quote_literal(values.text(i, 0)), values.number(i, 1),
                           values.truth(i, 2) ? "true" : "false");
    CO_TRY_VOID(co_await target.script(std::move(write)));
  }
  co_return static_cast<int>(plan.sequences.size());
}

}  // namespace pgconvoy
