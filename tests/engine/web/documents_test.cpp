#include "engine/web/documents.hpp"

#include <catch2/catch.hpp>

#include "engine/web/event_pages.hpp"
#include "tests/engine/web/example.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

json value_in(const json& targets, int number, const std::string& column) {
  const json& columns = targets["columns"];
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i] == column) return targets["rows"][static_cast<std::size_t>(number) - 1][i];
  return "no such column";
}

}  // namespace

TEST_CASE("web documents: a row for each target, with what is in flight and why something failed") {
  WebExample example;
  const auto documents = example.documents();
  const json targets = must(documents->targets(1));
  REQUIRE(targets["rows"].size() == 5);
  CHECK(value_in(targets, 1, "state") == "succeeded");
  CHECK(value_in(targets, 2, "state") == "rolled_back");
  CHECK(value_in(targets, 2, "cause") == "index row size # exceeds maximum # for index \"..\"");
  CHECK(value_in(targets, 2, "reason") == "index row size 3048 exceeds maximum 2704 for index \"shop_idx\"");
  CHECK(value_in(targets, 2, "asked") == false);
  CHECK(value_in(targets, 3, "step") == "one");
  CHECK(value_in(targets, 3, "ended").is_null());
  CHECK(value_in(targets, 5, "state") == "pending");
  CHECK(value_in(targets, 5, "region") == "south");
  CHECK(value_in(targets, 5, "pause_p90") == 5.0);
  const auto begun = (noon() + std::chrono::seconds(2)).time_since_epoch();
  CHECK(value_in(targets, 1, "started") == std::chrono::duration_cast<std::chrono::milliseconds>(begun).count());
}

TEST_CASE("web documents: changes are the entries after a sequence and the rows that they are about") {
  WebExample example;
  const auto documents = example.documents();
  const std::int64_t at = must(documents->targets(1))["sequence"];
  CHECK(at == must(web::last_sequence(*example.journal, 1)));
  CHECK(must(documents->changes(1, at))["events"].empty());
  CHECK(must(documents->sequence(1, at)) == at);
  example.write.target = 3;
  append(*example.journal, {example.write.succeed("one"), example.write(EventKind::target_succeeded)});
  CHECK(must(documents->sequence(1, at)) == at + 2);
  const json changes = must(documents->changes(1, at));
  CHECK(changes["sequence"] == at + 2);
  CHECK(changes["events"].size() == 2);
  CHECK(changes["events"][1]["target_id"] == "shop-3");
  CHECK(changes["events"][1]["text"] == "succeeded");
  REQUIRE(changes["rows"].size() == 1);
  CHECK(changes["rows"][0][0] == 3);
  CHECK(changes["rows"][0][3] == "succeeded");
  CHECK(changes["run_changed"] == false);
}

TEST_CASE("web documents: pages of the log from either end, of all or of one target, meet without a gap") {
  WebExample example;
  const auto documents = example.documents();
  const json all = must(documents->events(1, 0, 0, 0, 1000))["events"];
  REQUIRE(all.size() == 14);
  const json last = must(documents->events(1, 0, 0, 0, 5))["events"];
  REQUIRE(last.size() == 5);
  CHECK(last[4] == all[13]);
  const json before = must(documents->events(1, 0, last[0]["sequence"], 0, 100))["events"];
  REQUIRE(before.size() == 9);
  CHECK(before[8] == all[8]);
  CHECK(must(documents->events(1, last[0]["sequence"], 0, 0, 2))["events"][0] == last[1]);
  const json second = must(documents->events(1, 0, 0, 2, 100))["events"];
  REQUIRE(second.size() == 7);
  for (const json& entry : second) CHECK(entry["target"] == 2);
  CHECK(must(documents->events(1, 0, 0, 5, 100))["events"].empty());
}

TEST_CASE("web documents: the end of a long run is found by halving") {
  TemporaryDirectory directory;
  auto journal = must(open_journal((directory / "journal.db").string(), OpenMode::create));
  must(journal->create_run(a_plan(), some_targets(1200), noon()));
  Writer write;
  append(*journal, {write.of_run(EventKind::run_started)});
  // Another run's events lie in between.
  must(journal->create_run(a_plan(), some_targets(700), noon()));
  std::vector<Event> events;
  for (int number = 1; number <= 1200; ++number) {
    write.target = number;
    events.push_back(write.claim());
  }
  const auto written = append(*journal, std::move(events));
  CHECK(must(web::last_sequence(*journal, 1)) == written.back().sequence);
  CHECK(must(web::last_sequence(*journal, 2)) < written.front().sequence);
  CHECK_FALSE(web::last_sequence(*journal, 3));
  const auto page = must(web::events_before(*journal, 1, written.back().sequence + 1, 0, 50));
  REQUIRE(page.size() == 50);
  CHECK(page.front().sequence == written[1150].sequence);
  const auto own = must(web::events_before(*journal, 1, written.back().sequence + 1, 600, 50));
  REQUIRE(own.size() == 1);
  CHECK(own.front().target == 600);
}

TEST_CASE("web documents: a run and a target say what status says, with what the page needs besides") {
  WebExample example;
  const auto documents = example.documents();
  const json run = must(documents->run(1));
  CHECK(run["run"]["state"] == "running");
  CHECK(run["run"]["alive"] == true);
  CHECK(run["totals"]["succeeded"] == 1);
  CHECK(run["regions"]["south"]["left"] == 2);
  CHECK_FALSE(run.contains("targets"));
  CHECK(run["settings"][0]["name"] == "concurrency");
  const json target = must(documents->target(1, 2));
  CHECK(target["target"]["id"] == "shop-2");
  CHECK(target["steps"].size() == 1);
  CHECK(target["steps"][0]["state"] == "undone");
  CHECK(target["plan"]["paused_p90"] == 5.0);
  CHECK(target["plan"]["way"] == "throughput");
  CHECK(target["plan"]["verification"] == "snapshot");
  CHECK(target["plan"]["verification_because"] == "its pause would be too long");
  CHECK(target["target"]["verification"] == json{{"mode", "snapshot"}, {"outcome", ""}});
  CHECK(target["target"]["waits_for_pause"] == false);
  CHECK(must(documents->target(1, 1))["target"]["state"] == "succeeded");
  CHECK_FALSE(documents->target(1, 6));
  CHECK_FALSE(documents->run(2));
}

TEST_CASE("web documents: the plan with its findings by cause, and the clients among them") {
  WebExample example;
  const auto documents = example.documents();
  const json plan = must(documents->plan(1));
  CHECK(plan["totals"]["targets"] == 5);
  CHECK(plan["totals"]["blocked"] == 1);
  REQUIRE(plan["causes"].size() == 1);
  CHECK(plan["causes"][0]["severity"] == "block");
  CHECK(plan["causes"][0]["ids"] == json{"shop-4"});
  REQUIRE(plan["clients"].size() == 1);
  CHECK(plan["clients"][0]["cause"] == "libpq 9.6 can't speak scram-sha-256");
  CHECK(plan["steps"][0]["operation"] == "one");
}

TEST_CASE("web documents: runs are named as on the command line, or the latest") {
  WebExample example;
  const auto documents = example.documents();
  CHECK(must(documents->find("r1")) == 1);
  CHECK(must(documents->find("1")) == 1);
  CHECK(must(documents->find("latest")) == 1);
  CHECK(must_fail(documents->find("r2")).kind == ErrorKind::not_found);
  for (const char* wrong : {"", "r", "-1", "r1x", "99999999999999999999", "../1", "r1;"}) CHECK(must_fail(documents->find(wrong)).kind == ErrorKind::usage);
}

TEST_CASE("web documents: targets that failed for the same reason share its words") {
  const auto of = [](const std::string& message) { return web::cause_of({{"error", {{"message", message}}}}); };
  CHECK(of("role \"a\" has 3 sessions") == of("role \"bcd\" has 17 sessions"));
  CHECK(of("role \"a\" has 3 sessions") != of("role \"a\" has 3 databases"));
  CHECK(web::cause_of(nullptr).empty());
  CHECK(web::cause_of({{"findings", {{{"severity", "block"}, {"condition", "disk_space"}, {"cause", ""}}}}}) == "disk_space");
}
