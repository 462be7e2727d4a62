#include "engine/postgres/transfer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <map>

#include "engine/postgres/content.hpp"
#include "engine/postgres/copy_pipe.hpp"
#include "engine/postgres/copy_rows.hpp"

namespace pgconvoy {
namespace {

using namespace asio::experimental::awaitable_operators;

// Small tables are read by one message and written in one transaction: a round trip for each would cost more than its rows.
constexpr std::int64_t kSmall = 128 << 10;
constexpr std::size_t kSmallAtOnce = 32;
constexpr Seconds kBuildLimit{24 * 3600};  // of indexes and statistics of one table

// What all lanes share.
struct Work {
  const TransferPlan& plan;
  std::uint64_t seed;
  std::function<void(std::int64_t)> progress;
  std::vector<RowSum> sums;
  std::size_t next = 0;
  std::int64_t bytes = 0;
  bool failed = false;

  void add(std::size_t table, CopyRows& rows, std::string_view piece) {
    RowSum& sum = sums[table];
    rows.feed(piece, [&](std::string_view row) { sum.add(hash_row(row, seed), row.size()); });
    bytes += static_cast<std::int64_t>(piece.size());
  }
  Result<void> whole(std::size_t table, const CopyRows& rows, const Session& source) const {
    if (!rows.broken()) return {};
    return Error(ErrorKind::corrupt, fmt::format("what the server sent of {} is not in its binary format", plan.tables[table].name)).on(source.server());
  }
  void tell() const {
    if (progress) progress(bytes);
  }
};

Task<Result<void>> take_piece(Work& work, CopyPipe& pipe, std::size_t table, CopyRows& rows, std::string piece) {
  work.add(table, rows, piece);
  work.tell();
  co_return co_await pipe.put(std::move(piece));
}

Task<Result<void>> read_table(Work& work, Session& source, CopyPipe& pipe, std::size_t table) {
  CopyRows rows(work.plan.tables[table].binary);
  CopyTaker taker = [&](std::string piece) { return take_piece(work, pipe, table, rows, std::move(piece)); };
  auto read = co_await source.copy_out_pieces(work.plan.tables[table].read_sql, std::move(taker));
  if (read) read = work.whole(table, rows, source);
  std::optional<Error> failure;
  if (!read) failure = read.error();
  pipe.writer_ended(std::move(failure));
  co_return read;
}

// One transaction that makes the table's file anew: an error leaves it empty, and rows that nobody has seen can be written
// as seen by all, so that neither reading them back nor the first VACUUM has to write them again.
Task<Result<std::int64_t>> write_frozen(Session& target, const TransferTable& table, CopyGiver giver) {
  CO_TRY_VOID(co_await target.script("begin; " + table.clear_sql));
  CO_TRY(const std::int64_t written, co_await target.copy_in(table.frozen_sql, std::move(giver)));
  CO_TRY_VOID(co_await target.script("commit"));
  co_return written;
}

Task<Result<std::int64_t>> write_table(Work& work, Session& target, CopyPipe& pipe, std::size_t table) {
  CopyGiver giver = [&pipe] { return pipe.take(); };
  auto written = co_await write_frozen(target, work.plan.tables[table], std::move(giver));
  pipe.reader_ended();
  co_return written;
}

Error on_table(Error error, const std::string& table) {
  return std::move(error).within(fmt::format("the rows of {} could not be copied", table));
}

// Indexes and statistics, while what was written is still at hand.
Task<Result<void>> complete(Work& work, Session& target, std::vector<std::size_t> tables) {
  std::string analyzed;
  for (const std::size_t number : tables) {
    const TransferTable& table = work.plan.tables[number];
    if (table.analyze) analyzed += (analyzed.empty() ? "analyze " : ", ") + table.name;
    if (table.after_sql.empty()) continue;
    auto made = co_await target.script(table.after_sql, kBuildLimit);
    if (!made) co_return std::move(made).error().within(fmt::format("indexes and constraints of {} could not be made", table.name));
  }
  if (analyzed.empty()) co_return Result<void>();
  auto done = co_await target.script(std::move(analyzed), kBuildLimit);
  if (!done && !target.usable()) co_return std::move(done).error();
  co_return Result<void>();
}

Task<Result<void>> copy_large(Work& work, TransferLane& lane, std::size_t table) {
  const TransferTable& what = work.plan.tables[table];
  CO_TRY(Session * target, co_await lane.target(what.owner));
  CopyPipe pipe(co_await asio::this_coro::executor);
  auto reading = read_table(work, *lane.source, pipe, table);
  auto writing = write_table(work, *target, pipe, table);
  auto [read, written] = co_await (std::move(reading) && std::move(writing));
  // The first cause: what the other side says then is only that there was one.
  if (!read && read.error().kind != ErrorKind::cancelled) co_return on_table(std::move(read).error(), what.name);
  if (!written) co_return on_table(std::move(written).error(), what.name);
  if (!read) co_return on_table(std::move(read).error(), what.name);
  if (*written != work.sums[table].rows)
    co_return Error(ErrorKind::corrupt, fmt::format("{} rows of {} were sent, {} were stored", work.sums[table].rows, what.name, *written)).on(target->server());
  std::vector<std::size_t> done{table};
  co_return co_await complete(work, *target, std::move(done));
}

// Texts of several tables for as many COPYs of one message, an empty piece after each.
struct Texts {
  std::vector<std::string> texts;
  std::size_t next = 0;
  bool given = false;  // the present one was

  // Whose turn it is.
  std::size_t present() const { return std::min(next, texts.size() - 1); }
  Task<Result<std::string>> give() {
    if (given) {
      given = false;
      ++next;
      co_return std::string();
    }
    given = true;
    std::string piece = next < texts.size() ? std::move(texts[next]) : std::string();
    co_return std::move(piece);
  }
};

// One message is one transaction.
Task<Result<void>> write_small(Work& work, Session& target, std::vector<std::size_t> tables, std::vector<std::string> texts) {
  if (tables.empty()) co_return Result<void>();
  std::string sql;
  for (const std::size_t table : tables) sql += work.plan.tables[table].write_sql + ";\n";
  Texts giving{std::move(texts)};
  CopyGiver giver = [&giving] { return giving.give(); };
  auto written = co_await target.copy_in(std::move(sql), std::move(giver));
  if (!written) co_return on_table(std::move(written).error(), work.plan.tables[tables[giving.present()]].name);
  std::int64_t sent = 0;
  for (const std::size_t table : tables) sent += work.sums[table].rows;
  if (*written != sent) co_return Error(ErrorKind::corrupt, fmt::format("{} rows of {} tables were sent, {} were stored", sent, tables.size(), *written)).on(target.server());
  co_return Result<void>();
}

Task<Result<void>> copy_small(Work& work, TransferLane& lane, std::size_t first, std::size_t end) {
  std::string sql;
  for (std::size_t table = first; table < end; ++table) sql += work.plan.tables[table].read_sql + ";\n";
  std::vector<std::string> texts(end - first);
  CopySink sink = [&texts](std::size_t number, std::string_view line) { texts[number].append(line); };
  CO_TRY_VOID(co_await lane.source->copy_out(std::move(sql), std::move(sink)));
  std::map<std::string, std::vector<std::size_t>> by_owner;
  for (std::size_t table = first; table < end; ++table) {
    CopyRows rows(work.plan.tables[table].binary);
    work.add(table, rows, texts[table - first]);
    CO_TRY_VOID(work.whole(table, rows, *lane.source));
    by_owner[work.plan.tables[table].owner].push_back(table);
  }
  for (auto& [owner, tables] : by_owner) {
    CO_TRY(Session * target, co_await lane.target(owner));
    std::vector<std::size_t> filled;
    std::vector<std::string> rows;
    for (const std::size_t table : tables) {
      if (work.sums[table].rows == 0) continue;
      filled.push_back(table);
      rows.push_back(std::move(texts[table - first]));
    }
    CO_TRY_VOID(co_await write_small(work, *target, std::move(filled), std::move(rows)));
    CO_TRY_VOID(co_await complete(work, *target, std::move(tables)));
  }
  work.tell();
  co_return Result<void>();
}

Task<Result<void>> run_lane(Work& work, TransferLane& lane) {
  const auto& tables = work.plan.tables;
  while (work.next < tables.size() && !work.failed) {
    const std::size_t first = work.next++;
    Result<void> copied;
    if (tables[first].size > kSmall) {
      copied = co_await copy_large(work, lane, first);
    } else {
      const std::size_t end = std::min(tables.size(), first + kSmallAtOnce);
      work.next = end;
      copied = co_await copy_small(work, lane, first, end);
    }
    if (copied) continue;
    work.failed = true;
    co_return copied;
  }
  co_return Result<void>();
}

Task<Result<void>> run_lanes(Work& work, std::vector<TransferLane>& lanes, std::size_t first) {
  if (first + 1 == lanes.size()) co_return co_await run_lane(work, lanes[first]);
  auto one = run_lane(work, lanes[first]);
  auto others = run_lanes(work, lanes, first + 1);
  auto [left, right] = co_await (std::move(one) && std::move(others));
  if (!left) co_return std::move(left).error();
  co_return std::move(right);
}

struct Proof {
  const TransferPlan& plan;
  const Transferred& sent;
  std::uint64_t seed;
  std::vector<std::string> different;
};

std::string numbers(const std::string& table, std::int64_t there, std::int64_t here) {
  return fmt::format("{} ({} rows there, {} here)", table, there, here);
}

// Values that the target has generated itself: the source is read once more, with its own.
Task<Result<void>> prove_generated(Proof& proof, Session& source, Session& target) {
  auto run = std::make_shared<ContentRun>();
  run->seed = proof.seed;
  for (const TransferTable& table : proof.plan.tables)
    if (!table.whole_sql.empty()) {
      ContentItem item;
      item.name = table.name;
      item.source_sql = table.whole_sql;
      item.target_sql = table.check_sql;
      item.size = table.size;
      run->items.push_back(std::move(item));
    }
  if (run->items.empty()) co_return Result<void>();
  auto there = sum_content(source, run, Side::source), here = sum_content(target, run, Side::target);
  auto [left, right] = co_await (std::move(there) && std::move(here));
  if (!left) co_return std::move(left).error();
  if (!right) co_return std::move(right).error();
  for (std::size_t i = 0; i < run->items.size(); ++i)
    if (!((*left)[i] == (*right)[i])) proof.different.push_back(numbers(run->items[i].name, (*left)[i].rows, (*right)[i].rows));
  co_return Result<void>();
}

// One session's share of what is read back: every n-th table.
Task<Result<void>> prove_share(Proof& proof, std::vector<Session*>& sessions, std::size_t first) {
  auto run = std::make_shared<ContentRun>();
  run->seed = proof.seed;
  std::vector<std::size_t> tables;
  for (std::size_t table = first; table < proof.plan.tables.size(); table += sessions.size()) {
    if (!proof.plan.tables[table].whole_sql.empty()) continue;  // compared otherwise
    ContentItem item;
    item.name = proof.plan.tables[table].name;
    item.target_sql = proof.plan.tables[table].check_sql;
    item.binary = proof.plan.tables[table].binary;
    item.size = proof.plan.tables[table].size;
    run->items.push_back(std::move(item));
    tables.push_back(table);
  }
  CO_TRY(const std::vector<RowSum> sums, co_await sum_content(*sessions[first], run, Side::target));
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const TransferredTable& was = proof.sent.tables[tables[i]];
    if (sums[i].rows != was.rows || sums[i].bytes != was.bytes || sums[i].checksum() != was.checksum)
      proof.different.push_back(numbers(was.name, was.rows, sums[i].rows));
  }
  co_return Result<void>();
}

Task<Result<void>> prove_shares(Proof& proof, std::vector<Session*>& sessions, std::size_t first) {
  if (first + 1 == sessions.size()) co_return co_await prove_share(proof, sessions, first);
  auto one = prove_share(proof, sessions, first);
  auto others = prove_shares(proof, sessions, first + 1);
  auto [left, right] = co_await (std::move(one) && std::move(others));
  if (!left) co_return std::move(left).error();
  co_return std::move(right);
}

}  // namespace

Task<Result<Transferred>> transfer_rows(const TransferPlan& plan, std::vector<TransferLane> lanes, std::uint64_t seed,
                                        std::function<void(std::int64_t bytes)> progress) {
  Work work{plan, seed, std::move(progress), std::vector<RowSum>(plan.tables.size())};
  CO_TRY_VOID(co_await run_lanes(work, lanes, 0));
  Transferred result;
  for (std::size_t table = 0; table < plan.tables.size(); ++table) {
    const RowSum& sum = work.sums[table];
    result.tables.push_back({plan.tables[table].name, sum.rows, sum.bytes, sum.checksum()});
    result.rows += sum.rows;
    result.bytes += sum.bytes;
  }
  co_return result;
}

Task<Result<void>> prove_transfer(const TransferPlan& plan, const Transferred& sent, Session& source, std::vector<Session*> sessions, std::uint64_t seed) {
  Proof proof{plan, sent, seed, {}};
  CO_TRY_VOID(co_await prove_shares(proof, sessions, 0));
  CO_TRY_VOID(co_await prove_generated(proof, source, *sessions.front()));
  if (proof.different.empty()) co_return Result<void>();
  std::sort(proof.different.begin(), proof.different.end());
  co_return Error(ErrorKind::corrupt, fmt::format("the new database is not equal to the old one: {}", fmt::join(proof.different, ", "))).on(sessions.front()->server());
}

}  // namespace pgconvoy
