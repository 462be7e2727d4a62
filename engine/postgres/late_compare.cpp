#include "engine/postgres/late_compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <deque>

#include "engine/core/first_of.hpp"
#include "engine/postgres/catalogue.hpp"
#include "engine/postgres/content.hpp"

namespace pgconvoy {
namespace {

using namespace asio::experimental::awaitable_operators;

constexpr Seconds kLookEvery{0.5};
constexpr std::size_t kMostLocated = 20;

// What identifies a table and the file that it is in; columns as JSON.
struct TableState {
  std::string oid, name, file, columns;
};

// Of the snapshot when it is asked within it, else as it is now.
std::string states_sql(const std::string& condition) {
  return "select c.oid::text as state_oid, format('%I.%I', n.nspname, c.relname), c.relfilenode::text, "
         "(select coalesce(json_agg(json_build_array(a.attnum, a.attname, a.atttypid::int8, a.atttypmod) order by a.attnum), '[]') "
         "   from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)::text "
         "from pg_class c join pg_namespace n on n.oid = c.relnamespace where " +
         condition;
}

std::vector<TableState> states_in(const std::vector<Rows>& results) {
  std::vector<TableState> states;
  for (const Rows& rows : results) {
    if (rows.columns.empty() || rows.columns.front() != "state_oid") continue;
    for (std::size_t i = 0; i < rows.size(); ++i) states.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3)});
  }
  return states;
}

// "": what the snapshot shows of it is what it was.
std::string what_happened(const TableState& then, const std::vector<TableState>& now) {
  if (now.empty()) return "dropped since";
  const TableState& table = now.front();
  if (table.name != then.name) return fmt::format("called {} since", table.name);
  if (table.file != then.file) return "truncated or rewritten since";
  const json columns = json::parse(table.columns);
  for (const json& column : json::parse(then.columns))
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) return fmt::format("its column {} was changed since", column.at(1).get<std::string>());
  return "";
}

std::string describe_rows(const RowSum& sum) {
  return fmt::format("{} row{}, checksum {}", with_separators(sum.rows), sum.rows == 1 ? "" : "s", sum.checksum());
}

Task<Result<bool>> has_superuser(Session& session) {
  CO_TRY(const Rows rows, co_await session.query("select rolsuper from pg_roles where rolname = current_user"));
  co_return !rows.empty() && rows.truth(0, 0);
}

class LateComparing {
 public:
  LateComparing(LateSessions sessions, LateOptions options) : sessions_(sessions), options_(std::move(options)) {}

  Task<Result<LateComparison>> compare() {
    CO_TRY(const bool planned, co_await plan());
    if (!planned) co_return std::move(result_);
    std::deque<std::size_t> waiting;
    for (std::size_t item = 0; item < items_.size(); ++item) waiting.push_back(item);
    std::map<std::size_t, int> tries;
    while (!waiting.empty() && result_.lost.empty()) {
      const std::size_t item = waiting.front();
      waiting.pop_front();
      CO_TRY(const Step step, co_await compare_one(item));
      if (step.ended) continue;
      if (++tries[item] >= options_.tries) {
        result_.unread[items_[item].name] = step.because;
        continue;
      }
      waiting.push_back(item);
      // Nothing else is left to be read meanwhile.
      const bool all_wait = std::all_of(waiting.begin(), waiting.end(), [&](std::size_t each) { return tries.contains(each); });
      if (all_wait) co_await sleep_for(options_.between_tries);
    }
    co_return std::move(result_);
  }

 private:
  struct Step {
    bool ended = true;
    std::string because;  // why it is to be tried again
  };
  struct Read {
    RowSum source, target;
    std::string place;  // rows that differ
  };

  // Which tables there are, on both sides. False: the snapshot is lost.
  Task<Result<bool>> plan() {
    CO_TRY(const bool ours_may_all, co_await has_superuser(sessions_.source));
    CO_TRY(const bool theirs_may_all, co_await has_superuser(sessions_.look));
    const bool superusers = ours_may_all && theirs_may_all;
    ours_ = Dialect{sessions_.source.server_version(), sessions_.target.server_version(), true, {}, superusers};
    theirs_ = Dialect{sessions_.target.server_version(), sessions_.source.server_version(), false, {}, superusers};
    CO_TRY(const std::vector<Rows> left, co_await sessions_.source.script(content_tables_sql(ours_)));
    std::string sql = begin_on_target() + content_tables_sql(theirs_, false) + states_sql("c.relkind = 'r' and " + catalogue::user_schema("n")) + ";\n";
    auto right = co_await sessions_.target.script(std::move(sql));
    CO_TRY_VOID(co_await end(sessions_.target));
    if (!right) {
      CO_TRY_VOID(co_await lost_or(std::move(right).error()));
      co_return false;
    }
    items_ = plan_content(content_tables(left), content_tables(*right), ours_, theirs_, true);
    for (TableState& state : states_in(*right)) states_[state.name] = std::move(state);
    seed_ = random_seed();
    co_return true;
  }

  std::string begin_on_target() const {
    return fmt::format("begin transaction isolation level repeatable read, read only;\nset transaction snapshot {};\n", quote_literal(options_.snapshot)) +
           "set local idle_in_transaction_session_timeout = 0;\n" + comparison_settings(theirs_);
  }

  static Task<Result<void>> end(Session& session) {
    if (!session.usable()) co_return Result<void>();
    CO_TRY_VOID(co_await session.script("rollback"));
    co_return Result<void>();
  }

  Task<Result<void>> end_both() {
    CO_TRY_VOID(co_await end(sessions_.target));
    co_return co_await end(sessions_.source);
  }

  // The error, as long as the snapshot is still held.
  Task<Result<void>> lost_or(Error error) {
    if (sessions_.holder.usable()) {
      auto answer = co_await sessions_.holder.query("select 1");
      if (answer) co_return std::move(error);
      result_.lost = "the session that held it is gone: " + answer.error().message;
    } else {
      result_.lost = "the session that held it is gone";
    }
    co_return Result<void>();
  }

  Task<Result<Step>> compare_one(std::size_t number) {
    const ContentItem& item = items_[number];
    const bool is_table = item.kind == "rows";
    std::string sql = begin_on_target();
    if (is_table) sql += fmt::format("lock table only {} in access share mode;\n", item.name);
    auto begun = co_await sessions_.target.script(std::move(sql));
    if (!begun) {
      Error error = std::move(begun).error();
      CO_TRY_VOID(co_await end(sessions_.target));
      if (error.sqlstate == "55P03") co_return Step{false, "the application has it locked"};
      if (error.sqlstate == "42P01" || error.sqlstate == "3F000" || error.sqlstate == "42809") {
        result_.not_comparable[item.name] = "dropped or renamed since";
        co_return Step{};
      }
      CO_TRY_VOID(co_await lost_or(std::move(error)));
      co_return Step{};
    }
    if (is_table) {
      const TableState& then = states_[item.name];
      std::vector<Value> oid{then.oid};
      CO_TRY(const Rows rows, co_await sessions_.look.query(states_sql("c.oid = $1::oid"), oid));
      std::vector<Rows> found{rows};
      if (const std::string happened = what_happened(then, states_in(found)); !happened.empty()) {
        result_.not_comparable[item.name] = happened;
        CO_TRY_VOID(co_await end(sessions_.target));
        co_return Step{};
      }
    }
    CO_TRY_VOID(co_await sessions_.source.script("begin transaction isolation level repeatable read, read only;\nset local idle_in_transaction_session_timeout = 0;\n" +
                                                 comparison_settings(ours_)));
    auto reading = read(number);
    auto wanted = until_wanted();
    auto first = co_await first_of(std::move(reading), std::move(wanted));
    CO_TRY_VOID(co_await end_both());
    if (first.index() == 1) {
      CO_TRY(const Wanted by, std::get<1>(std::move(first)));
      if (by.backend == sessions_.holder.backend_pid()) {
        result_.lost = fmt::format("it was let go of for a statement of the application that waited for it ({})", by.statement);
        co_return Step{};
      }
      co_return Step{false, fmt::format("it gave way to a statement of the application each time ({})", by.statement)};
    }
    auto read = std::get<0>(std::move(first));
    if (!read) {
      CO_TRY_VOID(co_await lost_or(std::move(read).error()));
      co_return Step{};
    }
    note(item, *read);
    co_return Step{};
  }

  void note(const ContentItem& item, const Read& read) {
    if (read.source == read.target) {
      if (item.kind == "rows") {
        result_.tables[item.name] = {read.source.rows, read.source.bytes, read.source.checksum()};
        result_.rows += read.source.rows;
        result_.bytes += read.source.bytes;
        if (options_.progress) options_.progress(result_.rows, result_.bytes);
      } else if (!item.large_objects) {
        result_.large_objects = read.source.rows;
      }
      return;
    }
    Difference difference{item.kind, item.name, describe_rows(read.source), describe_rows(read.target)};
    if (item.kind != "rows") {
      const char* const what = item.large_objects ? " pages" : " objects";
      difference.source = with_separators(read.source.rows) + what;
      difference.target = with_separators(read.target.rows) + what;
    }
    if (!read.place.empty()) difference.target += "; " + read.place;
    result_.differences.push_back(std::move(difference));
  }

  Task<Result<Read>> read(std::size_t number) {
    auto run = std::make_shared<ContentRun>();
    run->items.push_back(items_[number]);
    run->seed = seed_;
    if (options_.progress)
      run->progress = [this](std::int64_t rows, std::int64_t bytes) { options_.progress(result_.rows + rows, result_.bytes + bytes); };
    auto there = sum_content(sessions_.source, run, Side::source);
    auto here = sum_content(sessions_.target, run, Side::target);
    auto [left, right] = co_await (std::move(there) && std::move(here));
    if (!left) co_return std::move(left).error();
    if (!right) co_return std::move(right).error();
    Read read{left->front(), right->front(), ""};
    if (!(read.source == read.target) && result_.differences.size() < kMostLocated) {
      std::shared_ptr<const ContentRun> same = run;
      CO_TRY(read.place, co_await locate_differences(sessions_.source, sessions_.target, same, 0));
    }
    co_return read;
  }

  // Ends when somebody waits for what is being read, or has waited for the snapshot itself for too long.
  Task<Result<Wanted>> until_wanted() {
    std::optional<SteadyTime> since;
    for (;;) {
      co_await sleep_for(kLookEvery);
      std::vector<int> ours{sessions_.target.backend_pid(), sessions_.holder.backend_pid()};
      CO_TRY(const std::vector<Wanted> waiting, co_await who_waits_for(sessions_.look, std::move(ours)));
      const Wanted* for_holder = nullptr;
      for (const Wanted& each : waiting) {
        if (each.backend == sessions_.target.backend_pid()) co_return each;
        for_holder = &each;
      }
      const SteadyTime now = std::chrono::steady_clock::now();
      if (for_holder == nullptr) since.reset();
      else if (!since) since = now;
      else if (now - *since >= options_.holder_patience) co_return *for_holder;
    }
  }

  const LateSessions sessions_;
  const LateOptions options_;
  Dialect ours_, theirs_;
  std::vector<ContentItem> items_;
  std::map<std::string, TableState> states_;  // in the snapshot, by name
  std::uint64_t seed_ = 0;
  LateComparison result_;
};

}  // namespace

std::string begin_holding_sql() {
  // transaction_timeout is one since version 17.
  return "begin transaction isolation level repeatable read, read only;\n"
         "select set_config(name, '0', true) from pg_catalog.pg_settings where name in ('idle_in_transaction_session_timeout', 'transaction_timeout');\n";
}

Task<Result<std::vector<Wanted>>> who_waits_for(Session& look, std::vector<int> backends) {
  std::string list;
  for (const int backend : backends) list += (list.empty() ? "" : ", ") + std::to_string(backend);
  CO_TRY(const Rows rows, co_await look.query(fmt::format(
                              "select b.pid, left(a.query, 60) from pg_stat_activity a, lateral unnest(pg_blocking_pids(a.pid)) b(pid) "
                              "where a.wait_event_type = 'Lock' and a.datname = current_database() and b.pid in ({})",
                              list)));
  std::vector<Wanted> waiting;
  for (std::size_t i = 0; i < rows.size(); ++i) waiting.push_back({static_cast<int>(rows.number(i, 0)), rows.text(i, 1)});
  co_return waiting;
}

Task<Result<LateComparison>> compare_with_snapshot(LateSessions sessions, LateOptions options) {
  LateComparing comparing(sessions, std::move(options));
  co_return co_await comparing.compare();
}

}  // namespace pgconvoy
