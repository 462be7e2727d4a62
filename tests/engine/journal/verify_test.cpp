#include <sqlite3.h>

#include <random>

#include "tests/engine/journal/fixtures.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

class Database {
 public:
  explicit Database(const std::filesystem::path& path) { REQUIRE(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK); }
  ~Database() { sqlite3_close(handle_); }
  void run(const std::string& text) {
    char* said = nullptr;
    if (sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, &said) != SQLITE_OK) FAIL(text << ": " << said);
  }
  std::string text(const std::string& query) {
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_prepare_v2(handle_, query.c_str(), -1, &statement, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
    std::string value(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)),
                      static_cast<std::size_t>(sqlite3_column_bytes(statement, 0)));
    sqlite3_finalize(statement);
    return value;
  }
  void put(const std::string& column, const std::string& sequence, const std::string& value) {
    sqlite3_stmt* statement = nullptr;
    const auto update = "update events set " + column + " = ? where sequence = " + sequence;
    REQUIRE(sqlite3_prepare_v2(handle_, update.c_str(), -1, &statement, nullptr) == SQLITE_OK);
    sqlite3_bind_text(statement, 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
    REQUIRE(sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_finalize(statement);
  }

 private:
  sqlite3* handle_ = nullptr;
};

// A journal with a bit of everything in it, closed again.
void fill(const std::string& path) {
  auto journal = must(open_journal(path, OpenMode::create));
  must(journal->create_run(a_plan(), some_targets(3), noon()));
  Writer write;
  append(*journal, {write.of_run(EventKind::run_started, {{"pid", 1}}), write.claim(), write.start("m/page_on@e"),
                    write.succeed("m/page_on@e"), write.start("backup")});
  append(*journal, {write.succeed("backup", 1, {{"backup", {{"file", "f"}, {"instance", "i"}}}}),
                    write(EventKind::obligation_made, {}, {{"id", "o"}, {"kind", "drop_source"}}),
                    write.start("m/page_off@e"), write.succeed("m/page_off@e"), write(EventKind::target_succeeded)});
  write.target = 2;
  append(*journal, {write.claim(), write(EventKind::target_stuck, {}, {{"reason", "why"}})});
  CHECK(must(journal->verify()).empty());
}

std::vector<std::string> verified(const std::string& path) {
  return must(must(open_journal(path, OpenMode::read_write))->verify());
}

}  // namespace

TEST_CASE("verify: every single bit flipped in any text of any event is found") {
  TemporaryDirectory directory;
  const auto path = (directory / "journal").string();
  fill(path);
  auto journal = must(open_journal(path, OpenMode::read_write));
  Database database(path);
  const int last = std::stoi(database.text("select max(sequence) from events"));
  std::mt19937 random(20261122);
  for (int sequence = 1; sequence <= last; ++sequence)
    for (const std::string column : {"data", "kind", "at", "hash", "step"}) {
      const auto where = std::to_string(sequence);
      const auto before = database.text("select " + column + " from events where sequence = " + where);
      if (before.empty()) continue;
      auto damaged = before;
      const auto bit = random() % (damaged.size() * 8);
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      database.put(column, where, damaged);
      INFO("event " << sequence << " " << column << " bit " << bit << ": " << before);
      CHECK_FALSE(must(journal->verify()).empty());
      database.put(column, where, before);
    }
  CHECK(must(journal->verify()).empty());
}

TEST_CASE("verify: what doesn't fit is found and named") {
  TemporaryDirectory directory;
  const auto path = (directory / "journal").string();
  fill(path);
  const auto [damage, says] = GENERATE(table<const char*, const char*>({
      {"update events set attempt = 2 where kind = 'step_started'", "hash"},
      {"update events set epoch = 0 where kind = 'step_started'", "hash"},
      {"update events set target = 3 where kind = 'target_stuck'", "hash"},
      {"delete from events where kind = 'step_started'", "missing"},
      {"delete from events where kind = 'target_stuck'", "missing"},
      {"delete from events where target = 3; delete from targets where number = 3", "missing"},
      {"update targets set state = 'succeeded' where number = 2", "/state"},
      {"update targets set state = 'splendid' where number = 2", "can't be read"},
      {"update targets set epoch = 9 where number = 1", "/epoch"},
      {"update targets set reason = '{' where number = 2", "can't be read"},
      {"update targets set resumed_at = null", "/resumed_at"},
      {"update targets set hash = 'x' where number = 3", "last event"},
      {"delete from targets where number = 2", "projection is missing"},
      {"insert into targets select run, 4, id, region, state, epoch, pivoted, reason, started, ended, paused_at, "
       "resumed_at, "
       "planned, hash from targets where number = 3",
       "no event"},
      {"update steps set status = 'undone' where path = 'backup'", "/steps/backup/status"},
      {"delete from steps where path = 'backup'", "/steps/backup"},
      {"update steps set path = 'back' where path = 'backup'", "/steps/back"},
      {"update runs set state = 'halted'", "/state"},
      {"update runs set intent = 'cancel'", "/intent"},
      {"update obligations set state = 'done'", "/state"},
      {"delete from obligations", "projection is missing"},
      {"update obligations set id = 'p'", "no event"},
      {"update backups set state = 'deleted'", "/state"},
      {"update backups set bytes = 1", "/bytes"},
      {"update backups set details = '{\"host\":\"elsewhere\"}'", "/details"},
      {"delete from backups", "projection is missing"},
      {"update sqlite_sequence set seq = 99 where name = 'events'", "end is missing"},
      {"update sqlite_sequence set seq = 99 where name = 'runs'", "end is missing"},
      {"update targets set planned = 3 where number = 1", "planned by event 2"},
      {"update runs set planned = 2", "planned by event 1"},
      {"update obligations set target = 2", "made by r1/t1"},
      {"insert into steps select run, 9, path, status, attempt, epoch, first_started, intent, outcome, error, started, "
       "ended from steps limit 1",
       "steps belong to none of targets"},
      {"drop index events_by_run", "\"events_by_run\" is missing"},
      {"create table mine (i)", "\"mine\" is no part"},
      {"alter table targets rename column reason to cause", "\"targets\" is not defined"},
  }));
  INFO(damage);
  Database(path).run(damage);
  const auto problems = verified(path);
  REQUIRE_FALSE(problems.empty());
  std::string all;
  for (const auto& problem : problems) all += problem + "\n";
  CHECK_THAT(all, Catch::Contains(says));
}

TEST_CASE("verify: two journals' events can't be exchanged") {
  TemporaryDirectory directory;
  const auto one = (directory / "one").string(), two = (directory / "two").string();
  fill(one);
  fill(two);
  Database(one).run(
      fmt::format("attach '{}' as other; delete from events; insert into events select * from other.events; "
                  "update runs set hash = (select hash from other.runs)",
                  two));
  CHECK_FALSE(verified(one).empty());
}

TEST_CASE("verify: a journal whose tables are damaged is an explained error for whoever reads it, and no bug") {
  TemporaryDirectory directory;
  const auto path = (directory / "journal").string();
  fill(path);
  SECTION("a column is gone") {
    Database(path).run("alter table targets rename column reason to cause");
    auto journal = must(open_journal(path, OpenMode::read_only));
    const auto error = must_fail(journal->targets(1, false));
    CHECK(error.kind == ErrorKind::corrupt);
    CHECK_THAT(error.remedy, Catch::Contains("backup"));
  }
  SECTION("a table is gone") {
    Database(path).run("drop table journal");
    CHECK(must_fail(open_journal(path, OpenMode::read_only)).kind == ErrorKind::corrupt);
  }
  SECTION("a format that never was") {
    Database(path).run("pragma user_version = 0; pragma wal_checkpoint(truncate)");
    CHECK(must_fail(open_journal(path, OpenMode::read_only)).kind == ErrorKind::corrupt);
    CHECK(must_fail(open_journal(path, OpenMode::create)).kind == ErrorKind::corrupt);
  }
}
