// What the journal's tests share: a directory that goes away, short ways to write events, plans of a few targets.
#pragma once

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/journal/journal.hpp"

namespace pgconvoy::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pgconvoy-test-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(describe(result.error()));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

template <class T>
Error must_fail(Result<T> result) {
  if (result) FAIL("this should have failed");
  return result.error();
}

inline WallTime noon() { return parse_utc("2026-11-22T12:00:00.000Z"); }

inline json a_plan() { return {{"runbook", {{"name", "postgres-13-to-15"}}}, {"runbook_digest", "d1"}}; }

inline json a_target(int number, const std::string& region = "north") {
  return {{"number", number}, {"target", {{"id", fmt::format("shop-{}", number)}, {"region", region}}}};
}

inline std::vector<json> some_targets(int count) {
  std::vector<json> targets;
  for (int number = 1; number <= count; ++number) targets.push_back(a_target(number));
  return targets;
}

// An event one second after noon for each of its `second`.
struct Writer {
  std::int64_t run = 1;
  int target = 1;
  int epoch = 1;
  int second = 0;

  Event operator()(EventKind kind, const std::string& step = {}, json data = json::object(), int attempt = 0) {
    Event event;
    event.run = run;
    event.target = target;
    event.step = step;
    event.attempt = attempt;
    event.epoch = epoch;
    event.kind = kind;
    event.at = noon() + std::chrono::seconds(++second);
    event.data = std::move(data);
    return event;
  }
  Event claim() { return (*this)(EventKind::target_claimed); }
  Event start(const std::string& step, int attempt = 1) {
    return (*this)(EventKind::step_started, step, {{"intent", {{"database", "shop"}}}}, attempt);
  }
  Event succeed(const std::string& step, int attempt = 1, json outcome = {{"rows", 3}}) {
    return (*this)(EventKind::step_succeeded, step, {{"outcome", std::move(outcome)}, {"seconds", 1.5}}, attempt);
  }
  Event fail(const std::string& step, int attempt = 1) {
    return (*this)(EventKind::step_failed, step, {{"error", {{"message", "no"}}}}, attempt);
  }
  Event of_run(EventKind kind, json data = json::object()) {
    Event event = (*this)(kind, {}, std::move(data));
    event.target = 0;
    event.epoch = 0;
    return event;
  }
};

inline std::vector<Event> append(Journal& journal, std::vector<Event> events) {
  must(journal.append(events));
  return events;
}

}  // namespace pgconvoy::test
