// The journal in PostgreSQL on a real server.
#include "engine/journal/postgres_journal.hpp"

#include <cstdlib>
#include <thread>

#include "tests/engine/journal/conformance.hpp"
#include "tests/engine/journal/everything.hpp"
#include "tests/server/engine/journal/cutting_proxy.hpp"
#include "tests/server/engine/journal/journal_database.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

TEST_CASE("PostgreSQL journal: does what every journal does", "[journal][postgres-journal]") {
  const JournalDatabase database;
  check_journal_conformance([&] { return must(open_journal(database.url(), OpenMode::create)); });
}

TEST_CASE("PostgreSQL journal: what is no journal of ours is refused and left as it is", "[journal][postgres-journal]") {
  const JournalDatabase database;
  const auto refusal = [&](OpenMode mode) { return must_fail(open_journal(database.url(), mode)); };
  CHECK(refusal(OpenMode::read_only).kind == ErrorKind::not_found);
  CHECK(refusal(OpenMode::read_write).kind == ErrorKind::not_found);
  CHECK(database.value("select count(*) from pg_namespace where nspname = 'pgconvoy'") == "0");

  SECTION("somebody else's schema of that name") {
    database.sql("create schema pgconvoy; create table pgconvoy.orders (n integer)");
    const auto error = refusal(OpenMode::create);
    CHECK(error.kind == ErrorKind::refused);
    CHECK_THAT(error.message, Catch::Contains("was not touched"));
    CHECK(database.value("select string_agg(relname, ',') from pg_class where relnamespace = 'pgconvoy'::regnamespace") == "orders");
  }
  SECTION("a newer format") {
    must(open_journal(database.url(), OpenMode::create));
    database.sql("update pgconvoy.journal set value = '2' where key = 'format'");
    for (const auto mode : {OpenMode::create, OpenMode::read_only}) {
      const auto error = refusal(mode);
      CHECK(error.kind == ErrorKind::refused);
      CHECK_THAT(error.message, Catch::Contains("format 2") && Catch::Contains("knows 1"));
    }
  }
  SECTION("no format, no token, other columns") {
    must(open_journal(database.url(), OpenMode::create));
    database.sql("alter table pgconvoy.steps drop column intent");
    const auto problems = must(must(open_journal(database.url(), OpenMode::read_only))->verify());
    REQUIRE(problems.size() == 1);
    CHECK_THAT(problems[0], Catch::Contains("\"steps\" is not defined as in a journal"));
    database.sql("delete from pgconvoy.journal where key = 'token'");
    CHECK(refusal(OpenMode::create).kind == ErrorKind::corrupt);
    database.sql("delete from pgconvoy.journal");
    CHECK(refusal(OpenMode::create).kind == ErrorKind::corrupt);
  }
  SECTION("another encoding") {
    const JournalDatabase latin("LATIN1");
    const auto error = must_fail(open_journal(latin.url(), OpenMode::create));
    CHECK(error.kind == ErrorKind::refused);
    CHECK_THAT(error.message, Catch::Contains("LATIN1"));
  }
}

TEST_CASE("PostgreSQL journal: a password in the URL is refused and not repeated", "[journal][postgres-journal]") {
  const auto error = must_fail(open_journal("postgresql://ann:hunter2@127.0.0.1:1/journal", OpenMode::create));
  CHECK(error.kind == ErrorKind::usage);
  CHECK_THAT(error.message + error.remedy, Catch::Contains("PGCONVOY_JOURNAL_PASSWORD") && Catch::Contains("passfile") &&
                                               !Catch::Contains("hunter2"));
  const auto broken = must_fail(open_journal("postgresql://ann:hunt%zz@127.0.0.1/journal", OpenMode::create));
  CHECK_THAT(broken.message + broken.remedy, !Catch::Contains("hunt"));
}

TEST_CASE("PostgreSQL journal: of two hosts the one that takes writes is used", "[journal][postgres-journal]") {
  const JournalDatabase database;
  auto connection = database.connection();
  connection.keywords["host"] = "127.0.0.1,127.0.0.1";
  connection.keywords["port"] = "1," + connection.keywords["port"];
  auto journal = must(open_journal(make_url(connection).reveal(), OpenMode::create));
  CHECK(must(journal->create_run(a_plan(), some_targets(1), noon())) == 1);
}

TEST_CASE("PostgreSQL journal: what was opened for reading writes nothing", "[journal][postgres-journal]") {
  const JournalDatabase database;
  must(must(open_journal(database.url(), OpenMode::create))->create_run(a_plan(), some_targets(1), noon()));
  auto journal = must(open_journal(database.url(), OpenMode::read_only));
  Writer write;
  std::vector<Event> claim{write.claim()};
  CHECK(must_fail(journal->append(claim)).kind == ErrorKind::refused);
  CHECK(must_fail(journal->create_run(a_plan(), some_targets(1), noon())).kind == ErrorKind::refused);
  CHECK(must_fail(journal->lock_run(1)).kind == ErrorKind::refused);
  CHECK(must(journal->target(1, 1)).state == TargetState::pending);
  CHECK(must(journal->verify()).empty());
}

TEST_CASE("PostgreSQL journal: writers at once leave no gap and no torn chain", "[journal][postgres-journal]") {
  const JournalDatabase database;
  constexpr int kWriters = 4, kSteps = 25;
  must(must(open_journal(database.url(), OpenMode::create))->create_run(a_plan(), some_targets(kWriters), noon()));
  std::vector<std::thread> writers;
  std::atomic<int> failed{0};
  for (int target = 1; target <= kWriters; ++target)
    writers.emplace_back([&, target] {
      auto journal = open_journal(database.url(), OpenMode::read_write);
      Writer write{.target = target};
      std::vector<Event> events{write.claim()};
      if (!journal || !(*journal)->append(events)) ++failed;
      for (int step = 0; journal && step < kSteps; ++step) {
        const std::string path = "step" + std::to_string(step);
        // Events about the run lock its row, which every writer then wants.
        events = {write.start(path), write.succeed(path), write.of_run(EventKind::note, {{"text", "on"}})};
        if (!(*journal)->append(events)) ++failed;
      }
    });
  for (std::thread& writer : writers) writer.join();
  CHECK(failed == 0);
  auto journal = must(open_journal(database.url(), OpenMode::read_only));
  CHECK(must(journal->verify()).empty());
  for (const TargetRecord& target : must(journal->targets(1, true))) CHECK(target.steps.size() == kSteps);
  CHECK(database.value("select count(*) = max(sequence) and min(sequence) = 1 from pgconvoy.events") == "t");
}

TEST_CASE("PostgreSQL journal: a lost connection is made anew, its lock taken again", "[journal][postgres-journal]") {
  const JournalDatabase database;
  auto journal = must(open_journal(database.url(), OpenMode::create));
  must(journal->create_run(a_plan(), some_targets(1), noon()));
  must(journal->lock_run(1));
  const std::string end_all = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
  Writer write;
  database.value(end_all);
  append(*journal, {write.claim()});
  database.value(end_all);
  CHECK(must(journal->run(1)).id == 1);
  auto other = must(open_journal(database.url(), OpenMode::read_write));
  CHECK(must_fail(other->lock_run(1)).kind == ErrorKind::refused);
  must(journal->create_run(a_plan(), some_targets(1), noon()));
  CHECK(must(journal->verify()).empty());
}

TEST_CASE("PostgreSQL journal: a commit whose answer was lost is looked up, not repeated", "[journal][postgres-journal]") {
  const JournalDatabase database;
  CuttingProxy proxy(database.port());
  auto journal = must(open_journal(database.url_through(proxy.port()), OpenMode::create));
  must(journal->create_run(a_plan(), some_targets(1), noon()));
  Writer write;
  append(*journal, {write.claim()});
  for (const auto cut : {CuttingProxy::Cut::before_commit, CuttingProxy::Cut::before_answer, CuttingProxy::Cut::before_commit}) {
    const std::string step = "step" + std::to_string(proxy.cuts());
    proxy.next(cut);
    const auto written = append(*journal, {write.start(step), write.succeed(step)});
    CHECK(written[1].sequence == written[0].sequence + 1);
    CHECK(must(journal->target(1, 1)).steps.at(step).status == StepStatus::succeeded);
    CHECK(database.value("select sequence from pgconvoy.events where kind = 'step_succeeded' and step = '" + step + "'") ==
          std::to_string(written[1].sequence));
  }
  CHECK(proxy.cuts() == 3);
  CHECK(database.value("select count(*) from pgconvoy.events") == "9");
  CHECK(must(journal->verify()).empty());
}

TEST_CASE("PostgreSQL journal: a server that stays away ends the patience, and the events are known not to be there", "[journal][postgres-journal]") {
  const JournalDatabase database;
  auto proxy = std::make_unique<CuttingProxy>(database.port());
  auto journal = must(open_journal(database.url_through(proxy->port()), OpenMode::create));
  must(journal->create_run(a_plan(), some_targets(1), noon()));
  shared(*journal)->set_patience(Seconds(0.3));
  proxy.reset();
  Writer write;
  std::vector<Event> claim{write.claim()};
  const auto error = must_fail(journal->append(claim));
  CHECK(error.kind == ErrorKind::unreachable);
  CHECK_FALSE(error.outcome_unknown);
  CHECK(claim[0].sequence == 0);
  CHECK(must(must(open_journal(database.url(), OpenMode::read_only))->target(1, 1)).state == TargetState::pending);
}

TEST_CASE("PostgreSQL journal: another journal under the same address is refused", "[journal][postgres-journal]") {
  const JournalDatabase database;
  auto journal = must(open_journal(database.url(), OpenMode::create));
  must(journal->create_run(a_plan(), some_targets(1), noon()));
  database.sql("update pgconvoy.journal set value = 'abcdef' where key = 'token'");
  database.value("select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
  Writer write;
  std::vector<Event> claim{write.claim()};
  const auto error = must_fail(journal->append(claim));
  CHECK(error.kind == ErrorKind::refused);
  CHECK_THAT(error.message, Catch::Contains("another one than before"));
}

TEST_CASE("PostgreSQL journal: verify finds what was changed behind its back", "[journal][postgres-journal]") {
  const JournalDatabase database;
  auto journal = must(open_journal(database.url(), OpenMode::create));
  must(journal->create_run(a_plan(), some_targets(2), noon()));
  Writer write;
  append(*journal, {write.of_run(EventKind::run_started), write.claim(), write.start("fence"), write.succeed("fence")});
  REQUIRE(must(journal->verify()).empty());
  const auto before = everything(*journal);
  const auto [change, says] = GENERATE(table<std::string, std::string>({
      {"update pgconvoy.events set data = '{\"text\":\"x\"}' where sequence = 6", "the hash does not fit"},
      {"delete from pgconvoy.events where sequence = 5", "events 5 to 5 are missing"},
      {"delete from pgconvoy.events where sequence = 7", "the end is missing"},
      {"update pgconvoy.counters set last_run = 2", "2 were planned"},
      {"update pgconvoy.targets set state = 'succeeded' where number = 1", "state"},
      {"update pgconvoy.steps set outcome = null", "outcome"},
      {"delete from pgconvoy.targets where number = 2", "its projection is missing"},
      {"insert into pgconvoy.steps select 7, target, path, status, attempt, epoch, first_started from pgconvoy.steps", "no event"},
      {"insert into pgconvoy.backups select 1, 1, 'i', 'f', 't', 's', 'd', 1, '', '', '', 'kept'", "there is a projection, but no event"},
  }));
  INFO(change);
  database.sql(change);
  const auto problems = must(journal->verify());
  REQUIRE_FALSE(problems.empty());
  std::string all;
  for (const auto& problem : problems) all += problem + "\n";
  CHECK_THAT(all, Catch::Contains(says));
}

TEST_CASE("PostgreSQL journal: one that has lost what was committed is refused, whoever wrote it", "[journal][postgres-journal]") {
  const JournalDatabase database;
  const std::string end_all = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
  const bool by_another = GENERATE(false, true);
  CAPTURE(by_another);
  auto journal = must(open_journal(database.url(), OpenMode::create));
  must(journal->create_run(a_plan(), some_targets(1), noon()));
  auto other = must(open_journal(database.url(), OpenMode::read_write));
  Writer write;
  append(by_another ? *other : *journal, {write.claim(), write.start("step"), write.succeed("step")});
  // Seen by a claim.
  if (by_another)
    must(shared(*journal)->claim(1, WorkerIdentity{"w", "h", 1}, Seconds(30), 0, [](const ClaimView&) { return ClaimChoice(); }));
  database.value(end_all);
  CHECK(must(journal->run(1)).id == 1);  // a lost connection alone is nothing
  // As after a failover to a standby that had not received the last event.
  database.sql("delete from pgconvoy.events where sequence = (select max(sequence) from pgconvoy.events); update pgconvoy.counters set last_event = last_event - 1");
  database.value(end_all);
  for (int n = 0; n < 2; ++n) {  // not once only
    const auto refused = must_fail(journal->run(1));
    CHECK(refused.kind == ErrorKind::corrupt);
    CHECK(refused.message.find("has gone back") != std::string::npos);
  }
  std::vector<Event> next{write.start("another")};
  CHECK(must_fail(journal->append(next)).kind == ErrorKind::corrupt);
  CHECK(database.value("select count(*) from pgconvoy.events where step = 'another'") == "0");
}
