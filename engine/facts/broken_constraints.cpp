#include "engine/facts/broken_constraints.hpp"

#include <fmt/format.h>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <tuple>

#include "engine/facts/row_checks.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(BrokenConstraint, kind, object, table, detail, rows, error, show)
PGCONVOY_JSON_FIELDS(BrokenConstraintsFact, checked, broken, not_checked)

namespace {

// Checks that are answered together: one SELECT with a column for each.
constexpr std::size_t kTogether = 40;
constexpr std::int64_t kTogetherBytes = 16 << 20;
constexpr std::size_t kListedConstraints = 200;
constexpr std::size_t kLongestShown = 1000;

// What one column of the SELECT answers: a count, or those of several conditions over one table.
struct Question {
  std::vector<RowCheck> checks;
  std::string sql;
  bool tenants_code = false;
  std::int64_t bytes = 0;
};

Question question(std::vector<RowCheck> checks) {
  Question one;
  one.sql = checks.front().is_condition()      ? count_conditions(checks)
            : !checks.front().quick.empty() ? checks.front().quick
                                            : checks.front().sql;
  for (const RowCheck& check : checks) {
    one.tenants_code |= check.tenants_code;
    one.bytes = std::max(one.bytes, check.bytes);
  }
  one.checks = std::move(checks);
  return one;
}

// Conditions of one table are one question, for those that need the tenant and those that don't.
std::vector<Question> questions_of(const std::vector<RowCheck>& checks) {
  std::vector<Question> questions;
  std::map<std::pair<std::string, bool>, std::vector<RowCheck>> conditions;
  for (const RowCheck& check : checks)
    if (check.is_condition())
      conditions[{check.table, check.tenants_code}].push_back(check);
    else
      questions.push_back(question({check}));
  for (auto& [table, of_table] : conditions) questions.push_back(question(std::move(of_table)));
  std::stable_sort(questions.begin(), questions.end(), [](const Question& a, const Question& b) { return a.bytes < b.bytes; });
  return questions;
}

std::string named(const RowCheck& check) {
  if (check.kind == "unique") return "index " + check.object;
  if (check.kind == "partition") return "bounds of " + check.table;
  return fmt::format("{} {} of {}", check.kind == "generated" || check.kind == "domain" ? "column" : "constraint", check.object, check.table);
}

class Reading {
 public:
  explicit Reading(const InquiryContext& context)
      : context_(context), reader_(context, Seconds(context.arguments.value("time_budget", 30.0)), true), beside_(context, reader_.left(), true) {}

  Task<Result<json>> all() {
    using namespace asio::experimental::awaitable_operators;
    std::string sql = row_checks_sql(context_.source().version_number);
    CO_TRY(Rows rows, co_await reader_.read_catalogue(std::move(sql)));
    std::vector<RowCheck> checks = row_checks_of(rows);
    fact_.not_checked = reader_.held();
    std::erase_if(checks, [this](const RowCheck& check) {
      if (!check.usual)
        leave(check, check.kind == "domain"      ? "its domain has a constraint that is NOT VALID"
                     : check.kind == "exclusion" ? "every pair of rows would have to be compared"
                                                 : "its operator class has an equality of its own");
      return !check.usual;
    });
    co_await learn_bounds(checks);
    std::vector<Question> together;
    std::int64_t bytes = 0;
    const auto end_batch = [&] {
      batches_.push_back(std::move(together));
      together.clear();
      bytes = 0;
    };
    for (Question& next : questions_of(checks)) {
      const bool fits = !together.empty() && together.size() < kTogether && bytes + next.bytes <= kTogetherBytes &&
                        together.front().tenants_code == next.tenants_code;
      if (!together.empty() && !fits) end_batch();
      bytes += next.bytes;
      together.push_back(std::move(next));
    }
    if (!together.empty()) end_batch();
    auto here = ask_all(reader_), beside = ask_beside();
    co_await (std::move(here) && std::move(beside));
    for (const RowCheck& check : doubtful_) {
      std::vector<Question> alone;
      alone.push_back(question({check}));
      co_await ask(reader_, std::move(alone));
    }
    // Whichever session was quicker, the same is said in the same order.
    std::stable_sort(fact_.broken.begin(), fact_.broken.end(), [](const BrokenConstraint& a, const BrokenConstraint& b) {
      return std::tie(a.table, a.object, a.kind) < std::tie(b.table, b.object, b.kind);
    });
    std::stable_sort(fact_.not_checked.begin(), fact_.not_checked.end(), [](const NotChecked& a, const NotChecked& b) { return a.object < b.object; });
    co_return json(fact_);
  }

 private:
  Task<void> learn_bounds(std::vector<RowCheck>& checks) {
    for (RowCheck& check : checks) {
      if (!check.sql.empty()) continue;
      std::string sql = bounds_sql(check.table);
      auto answer = co_await reader_.read(check.tenants_code ? RowReader::As::tenant : RowReader::As::administrator, std::move(sql));
      if (answer)
        check.sql = answer->text(0, 0);
      else
        leave(check, answer.error());
    }
    std::erase_if(checks, [](const RowCheck& check) { return check.sql.empty(); });
  }

  // Small ones first: what time is left for is known early.
  Task<void> ask_all(RowReader& reader) {
    while (!batches_.empty()) {
      std::vector<Question> next = std::move(batches_.front());
      batches_.pop_front();
      co_await ask(reader, std::move(next));
    }
  }

  // One more session, where there is much to read and the server has a place for it: sorting is a single process's work.
  Task<void> ask_beside() {
    if (batches_.size() < 2 || !context_.has_much_to_read()) co_return;
    const bool opened = co_await beside_.opens(RowReader::As::administrator);
    if (opened) co_await ask_all(beside_);
  }

  // All in one statement; when that fails, one by one.
  Task<void> ask(RowReader& reader, std::vector<Question> questions) {
    const auto who = questions.front().tenants_code ? RowReader::As::tenant : RowReader::As::administrator;
    std::string sql;
    for (const Question& each : questions)
      sql += fmt::format("{}({})", sql.empty() ? "select " : ",\n", summed(each));
    auto answer = co_await reader.read(who, std::move(sql));
    if (answer) {
      for (std::size_t i = 0; i < questions.size(); ++i) take(questions[i], answer->text(0, i));
      co_return;
    }
    const bool hopeless = answer.error().kind == ErrorKind::refused;
    if (hopeless || (questions.size() == 1 && questions.front().checks.size() == 1)) {
      for (const Question& each : questions)
        for (const RowCheck& check : each.checks) failed(check, answer.error());
      co_return;
    }
    for (Question& each : questions) {
      if (questions.size() > 1) {
        std::vector<Question> alone;
        alone.push_back(std::move(each));
        co_await ask(reader, std::move(alone));
        continue;
      }
      for (const RowCheck& check : each.checks) {
        std::vector<Question> alone;
        alone.push_back(question({check}));
        co_await ask(reader, std::move(alone));
      }
    }
  }

  // A MATCH FULL key asks two counts.
  static std::string summed(const Question& each) {
    if (each.checks.front().is_condition()) return each.sql;
    return fmt::format("select sum(count) from ({}) counts", each.sql);
  }

  void take(const Question& each, const std::string& counts) {
    const char* from = counts.data();
    const char* const end = from + counts.size();
    for (const RowCheck& check : each.checks) {
      std::int64_t rows = 0;
      from = std::from_chars(from, end, rows).ptr;
      if (from < end) ++from;
      if (rows > 0 && !check.quick.empty()) {
        doubtful_.push_back(check);
        doubtful_.back().quick.clear();
        continue;
      }
      ++fact_.checked;
      if (rows > 0) add(check, rows, "");
    }
  }

  void failed(const RowCheck& check, const Error& error) {
    if (!check.quick.empty() && fails_by_itself(error)) {
      doubtful_.push_back(check);
      doubtful_.back().quick.clear();
      return;
    }
    const bool by_domain = check.kind == "domain" && (error.sqlstate == "23514" || error.sqlstate == "23502");
    if (!by_domain && !fails_by_itself(error)) {
      leave(check, error);
      return;
    }
    ++fact_.checked;
    if (by_domain || !check.tenants_code) add(check, -1, error.message);
  }

  void add(const RowCheck& check, std::int64_t rows, std::string error) {
    std::string show = showing_sql(check);
    if (show.size() > kLongestShown) show.resize(kLongestShown);
    if (fact_.broken.size() < kListedConstraints)
      fact_.broken.push_back({check.kind, check.object, check.table, check.detail, rows, std::move(error), std::move(show)});
  }

  void leave(const RowCheck& check, const Error& error) { leave(reader_.not_checked(named(check), error)); }
  void leave(const RowCheck& check, const char* because) { leave(NotChecked{named(check), because, false}); }
  void leave(NotChecked item) {
    if (fact_.not_checked.size() < kListedConstraints) fact_.not_checked.push_back(std::move(item));
  }

  const InquiryContext& context_;
  RowReader reader_, beside_;
  std::deque<std::vector<Question>> batches_;
  std::vector<RowCheck> doubtful_;  // their quick SELECT was no answer
  BrokenConstraintsFact fact_;
};

}  // namespace

Task<Result<json>> read_broken_constraints(const InquiryContext& context) {
  Reading reading(context);
  co_return co_await reading.all();
}

}  // namespace pgconvoy
