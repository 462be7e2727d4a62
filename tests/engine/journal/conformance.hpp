// What every journal does, whatever it is kept in. A journal's own test calls this from one TEST_CASE; `open` opens
// one and the same journal, empty at first, each time it is called.
#pragma once

#include <functional>

#include "tests/engine/journal/fixtures.hpp"

namespace pgconvoy::test {

inline void check_journal_conformance(const std::function<std::unique_ptr<Journal>()>& open) {
  auto journal = open();
  Writer write;

  SECTION("a new journal holds nothing, and has a token that stays") {
    CHECK(must(journal->runs()).empty());
    CHECK(must_fail(journal->latest_run()).kind == ErrorKind::not_found);
    CHECK(must_fail(journal->run(1)).kind == ErrorKind::not_found);
    CHECK(must_fail(journal->targets(1, false)).kind == ErrorKind::not_found);
    const auto token = journal->token();
    CHECK(token.size() == 6);
    CHECK(token.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string::npos);
    journal.reset();
    CHECK(open()->token() == token);
  }

  SECTION("a run is planned with all its targets, or not at all") {
    CHECK(must_fail(journal->create_run(a_plan(), {}, noon())).kind == ErrorKind::usage);
    CHECK_FALSE(journal->create_run(a_plan(), {a_target(1), a_target(7)}, noon()));
    CHECK_FALSE(journal->create_run(a_plan(), {a_target(1), json{{"no", "id"}}}, noon()));
    CHECK_FALSE(journal->create_run(json{{"no", "runbook"}}, some_targets(1), noon()));
    CHECK(must(journal->runs()).empty());

    CHECK(must(journal->create_run(a_plan(), some_targets(3), noon())) == 1);
    CHECK(must(journal->create_run(a_plan(), some_targets(1), noon())) == 2);
    CHECK(must(journal->latest_run()) == 2);
    const auto run = must(journal->run(1));
    CHECK(run.name == "r1");
    CHECK(run.state == RunState::planned);
    CHECK(run.runbook == "postgres-13-to-15");
    CHECK(run.runbook_digest == "d1");
    CHECK(run.created == noon());
    CHECK(run.plan == a_plan());
    CHECK(run.counts == std::map<TargetState, int>{{TargetState::pending, 3}});
    const auto runs = must(journal->runs());
    REQUIRE(runs.size() == 2);
    CHECK(runs[0].id == 2);
    const auto targets = must(journal->targets(1, false));
    REQUIRE(targets.size() == 3);
    CHECK(targets[2].number == 3);
    CHECK(targets[2].id == "shop-3");
    CHECK(targets[2].region == "north");
    CHECK(must(journal->planned_target(1, 2)) == a_target(2));
    CHECK(must_fail(journal->planned_target(1, 4)).kind == ErrorKind::not_found);
    CHECK(must_fail(journal->target(1, 4)).kind == ErrorKind::not_found);
  }

  SECTION("targets are visited as they are listed, whatever their number is") {
    CHECK(must_fail(journal->visit_targets(1, [](const TargetRecord&) { return Result<void>(); })).kind == ErrorKind::not_found);
    for (const int count : {1, 2000, 2001}) {
      const std::int64_t run = must(journal->create_run(a_plan(), some_targets(count), noon()));
      write.run = run;
      write.target = count;
      append(*journal, {write.of_run(EventKind::run_started), write.claim()});
      const std::vector<TargetRecord> all = must(journal->targets(run, false));
      std::size_t seen = 0;
      bool same = true;
      must(journal->visit_targets(run, [&](const TargetRecord& target) -> Result<void> {
        same = same && seen < all.size() && target.number == all[seen].number && target.id == all[seen].id && target.state == all[seen].state &&
               target.started == all[seen].started && target.steps.empty();
        ++seen;
        return {};
      }));
      CHECK(seen == all.size());
      CHECK(same);
      CHECK(all.back().state == TargetState::running);
      seen = 0;
      CHECK(must_fail(journal->visit_targets(run, [&](const TargetRecord&) -> Result<void> { return ++seen, Error(ErrorKind::cancelled, "enough"); })).kind ==
            ErrorKind::cancelled);
      CHECK(seen == 1);
    }
  }

  SECTION("events get ascending sequences, and come back as they were given") {
    must(journal->create_run(a_plan(), some_targets(2), noon()));
    auto written = append(*journal, {write.of_run(EventKind::run_started), write.claim(), write.start("a/b@c")});
    CHECK(written[0].sequence < written[1].sequence);
    CHECK(written[1].sequence < written[2].sequence);
    std::vector<Event> read;
    must(journal->events(1, 0, [&](const Event& event) {
      read.push_back(event);
      return true;
    }));
    REQUIRE(read.size() == 6);
    CHECK(read[0].kind == EventKind::run_planned);
    CHECK(read[5].sequence == written[2].sequence);
    CHECK(read[5].step == "a/b@c");
    CHECK(read[5].attempt == 1);
    CHECK(read[5].epoch == 1);
    CHECK(read[5].at == written[2].at);
    CHECK(read[5].data == written[2].data);
    int seen = 0;
    must(journal->events(1, written[0].sequence, [&](const Event&) { return ++seen < 1; }));
    CHECK(seen == 1);
  }

  SECTION("state follows the events, also for who opens the journal later") {
    must(journal->create_run(a_plan(), some_targets(2), noon()));
    append(*journal,
           {write.of_run(EventKind::run_started), write.of_run(EventKind::run_intent, {{"intent", "pause"}})});
    append(*journal,
           {write.claim(), write.start("fence"), write.succeed("fence"), write.start("copy"), write.fail("copy")});
    journal.reset();
    journal = open();
    const auto run = must(journal->run(1));
    CHECK(run.state == RunState::running);
    CHECK(run.intent == RunIntent::pause);
    CHECK(run.counts == std::map<TargetState, int>{{TargetState::pending, 1}, {TargetState::running, 1}});
    const auto target = must(journal->target(1, 1));
    CHECK(target.epoch == 1);
    REQUIRE(target.steps.size() == 2);
    CHECK(target.steps.at("fence").status == StepStatus::succeeded);
    CHECK(target.steps.at("fence").intent == json{{"database", "shop"}});
    CHECK(target.steps.at("fence").outcome == json{{"rows", 3}});
    CHECK(target.steps.at("copy").error == json{{"message", "no"}});
    const auto order = target.in_order();
    REQUIRE(order.size() == 2);
    CHECK(order[0]->path == "fence");
    CHECK(must(journal->targets(1, false))[0].steps.empty());
    CHECK(must(journal->targets(1, true))[0].steps.size() == 2);
    CHECK(must(journal->targets(1, true))[1].steps.empty());
    CHECK(must(journal->verify()).empty());
  }

  SECTION("the planned targets come in their order, however many") {
    must(journal->create_run(a_plan(), some_targets(1203), noon()));
    int last = 0;
    must(journal->planned_targets(1, [&](json planned) -> Result<void> {
      CHECK(planned == must(journal->planned_target(1, ++last)));
      return {};
    }));
    CHECK(last == 1203);
    int seen = 0;
    CHECK_FALSE(journal->planned_targets(1, [&](json) -> Result<void> { return ++seen == 3 ? Result<void>(Error(ErrorKind::usage, "enough")) : Result<void>(); }));
    CHECK(seen == 3);
    CHECK(must_fail(journal->planned_targets(7, [](json) { return Result<void>(); })).kind == ErrorKind::not_found);
  }

  SECTION("a batch with an impossible event is refused whole") {
    must(journal->create_run(a_plan(), some_targets(2), noon()));
    append(*journal, {write.claim()});
    std::vector<Event> batch{write.start("fence"), write.succeed("copy")};
    const auto error = must_fail(journal->append(batch));
    CHECK(error.kind == ErrorKind::conflict);
    CHECK_THAT(error.message, Catch::Contains("step_succeeded") && Catch::Contains("r1/t1/copy"));
    CHECK(batch[0].sequence == 0);
    CHECK(must(journal->target(1, 1)).steps.empty());
    CHECK(append(*journal, {write.start("fence")})[0].sequence > 0);
    CHECK(must(journal->verify()).empty());
  }

  SECTION("an epoch that was superseded writes nothing any more") {
    must(journal->create_run(a_plan(), some_targets(1), noon()));
    append(*journal, {write.claim(), write.start("fence")});
    auto other = open();
    Writer second{.epoch = 2, .second = 60};
    append(*other, {second.claim()});
    std::vector<Event> late{write.succeed("fence")};
    CHECK(must_fail(journal->append(late)).kind == ErrorKind::conflict);
    std::vector<Event> again{write.claim()};
    CHECK(must_fail(journal->append(again)).kind == ErrorKind::conflict);
    CHECK(must(journal->target(1, 1)).steps.at("fence").status == StepStatus::started);
  }

  SECTION("what isn't there, isn't an object, or isn't UTF-8, is refused") {
    must(journal->create_run(a_plan(), some_targets(1), noon()));
    for (Event wrong : {Writer{.run = 9}.claim(), Writer{.target = 9}.claim(), write(EventKind::run_planned),
                        write(EventKind::note, {}, json::array()), write(EventKind::note, {}, {{"text", "\xff"}})}) {
      std::vector<Event> batch{wrong};
      CHECK_FALSE(journal->append(batch));
    }
    std::vector<Event> nothing;
    must(journal->append(nothing));
    CHECK(must(journal->verify()).empty());
  }

  SECTION("obligations are opened, done and cancelled") {
    must(journal->create_run(a_plan(), some_targets(1), noon()));
    append(*journal, {write.claim()});
    const json drop{
        {"id", "r1/t1/drop"}, {"kind", "drop_source"}, {"due", "2026-12-01T00:00:00.000Z"}, {"data", {{"oid", 7}}}};
    const json soon{{"id", "r1/t1/confirm"}, {"kind", "confirm_binding"}, {"due", "2026-11-23T00:00:00.000Z"}};
    append(*journal, {write(EventKind::obligation_made, {}, drop), write(EventKind::obligation_made, {}, soon)});
    auto open_ones = must(journal->obligations(true));
    REQUIRE(open_ones.size() == 2);
    CHECK(open_ones[0].id == "r1/t1/confirm");
    CHECK(open_ones[1].data == json{{"oid", 7}});
    append(*journal, {write(EventKind::obligation_cancelled, {}, {{"id", "r1/t1/drop"}, {"reason", "rolled back"}}),
                      write.of_run(EventKind::obligation_done, {{"id", "r1/t1/confirm"}})});
    CHECK(must(journal->obligations(true)).empty());
    CHECK(must(journal->obligations(false)).size() == 2);
    std::vector<Event> twice{write(EventKind::obligation_done, {}, {{"id", "r1/t1/drop"}})};
    CHECK(must_fail(journal->append(twice)).kind == ErrorKind::conflict);
    append(*journal, {write(EventKind::obligation_made, {}, drop)});
    CHECK(must(journal->obligations(true)).size() == 1);
    CHECK(must(journal->verify()).empty());
  }

  SECTION("backups are known from outcomes, and gone when their deletion is done") {
    must(journal->create_run(a_plan(), some_targets(1), noon()));
    const json made{{"instance", "shop-db"}, {"server", "pg13"}, {"database", "shop"}, {"file", "/b/shop.dump"},
                    {"bytes", 12345678901},  {"sha256", "abc"},  {"format", "custom"}, {"host", "runner-1"},
                    {"key", ""},             {"encrypted", true}, {"note", "before the move"}};
    append(*journal, {write.claim(), write.start("backup"), write.succeed("backup", 1, {{"backup", made}})});
    auto backups = must(journal->backups());
    REQUIRE(backups.size() == 1);
    CHECK(backups[0].target_id == "shop-1");
    CHECK(backups[0].bytes == 12345678901);
    CHECK(backups[0].state == "kept");
    CHECK(backups[0].details == json{{"host", "runner-1"}, {"encrypted", true}, {"note", "before the move"}});
    const json expire{{"id", "x"},
                      {"kind", "delete_backup"},
                      {"due", "2027-01-01T00:00:00.000Z"},
                      {"data", {{"file", "/b/shop.dump"}}}};
    append(*journal,
           {write(EventKind::obligation_made, {}, expire), write(EventKind::obligation_done, {}, {{"id", "x"}})});
    CHECK(must(journal->backups())[0].state == "deleted");
    CHECK(must(journal->verify()).empty());
  }

  SECTION("a run is locked by one, until it is let go") {
    must(journal->create_run(a_plan(), some_targets(1), noon()));
    must(journal->create_run(a_plan(), some_targets(1), noon()));
    CHECK(must_fail(journal->lock_run(3)).kind == ErrorKind::not_found);
    must(journal->lock_run(1));
    must(journal->lock_run(1));
    auto other = open();
    must(other->lock_run(2));
    const auto error = must_fail(other->lock_run(1));
    CHECK(error.kind == ErrorKind::refused);
    CHECK_THAT(error.message, Catch::Contains(std::to_string(getpid())));
    journal.reset();
    must(other->lock_run(1));
  }
}

}  // namespace pgconvoy::test
