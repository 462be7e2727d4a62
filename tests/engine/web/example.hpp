// A small run in a journal, and the site over it.
#pragma once

#include "engine/plan/plan.hpp"
#include "engine/web/documents.hpp"
#include "engine/web/site.hpp"
#include "tests/engine/journal/fixtures.hpp"
#include "tests/support/loop.hpp"

namespace pgconvoy::test {

inline json web_target(int number, const std::string& region) {
  PlannedTarget planned;
  planned.number = number;
  planned.target.id = fmt::format("shop-{}", number);
  planned.target.region = region;
  planned.bytes = 1000 * number;
  planned.seconds = 10;
  planned.seconds_p90 = 20;
  planned.paused_seconds = 3;
  planned.paused_p90 = 5;
  planned.verification = "snapshot";
  planned.verification_because = "its pause would be too long";
  StepPlan step;
  step.path = step.operation = "one";
  step.arguments = json::object();
  step.seconds = 10;
  planned.steps.push_back(step);
  if (number == 4) {
    Finding finding;
    finding.severity = Severity::block;
    finding.condition = "client_speaks_target_authentication";
    finding.cause = "libpq 9.6 can't speak scram-sha-256";
    finding.why = "<img src=x onerror=alert(1)>";
    planned.findings.push_back(finding);
  }
  return planned;
}

// r1 of five targets: succeeded, rolled back, in flight, blocked, waiting.
struct WebExample {
  TemporaryDirectory directory;
  std::string path = (directory / "journal.db").string();
  std::unique_ptr<Journal> journal = must(open_journal(path, OpenMode::create));
  Writer write;

  WebExample() {
    Plan plan;
    plan.runbook.name = "postgres-13-to-15";
    plan.runbook_digest = "d1";
    std::vector<json> targets;
    for (int number = 1; number <= 5; ++number) targets.push_back(web_target(number, number < 4 ? "north" : "south"));
    must(journal->create_run(plan_header(plan), targets, noon()));
    std::vector<Event> events{write.of_run(EventKind::run_started, {{"host", "h"}, {"pid", 1}, {"version", "0"}})};
    write.target = 1;
    events.insert(events.end(), {write.claim(), write.start("one"), write.succeed("one"), write(EventKind::target_succeeded)});
    write.target = 2;
    const json why{{"error", {{"kind", "sql"}, {"message", "index row size 3048 exceeds maximum 2704 for index \"shop_idx\""}}}, {"step", "one"}};
    events.insert(events.end(), {write.claim(), write.start("one"), write.fail("one"), write(EventKind::target_rolling_back, {}, why),
                                 write(EventKind::undo_started, "one", json::object(), 1), write(EventKind::step_undone, "one", {{"detail", ""}}, 1),
                                 write(EventKind::target_rolled_back)});
    write.target = 3;
    events.insert(events.end(), {write.claim(), write.start("one")});
    append(*journal, std::move(events));
  }

  std::shared_ptr<web::Documents> documents() {
    return std::make_shared<web::Documents>(must(open_journal(path, OpenMode::read_only)), "", [](std::int64_t) { return true; });
  }
};

struct WebSite {
  WebExample example;
  asio::thread_pool pool{2};
  std::shared_ptr<web::Documents> documents = example.documents();
  std::vector<web::Wish> wishes;
  std::shared_ptr<const web::Site> site;

  WebSite() {
    web::SiteParts parts;
    parts.documents = documents;
    parts.token = web::AccessToken(Secret("right"));
    parts.journal = "journal.db";
    parts.host = "here";
    parts.carry_out = [this](web::Wish wish) -> Task<Result<json>> {
      wishes.push_back(wish);
      if (wish.action == "approve") co_return Error(ErrorKind::refused, "r1 doesn't wait for anybody", "pgconvoy set r1 approve=yes");
      co_return json{{"version", 1}, {"kind", "action"}, {"action", wish.action}, {"goes_on", nullptr}, {"said", nullptr}};
    };
    site = std::make_shared<const web::Site>(pool, std::move(parts));
  }

  web::Response get(const std::string& target) {
    web::Request request;
    request.method = "GET";
    request.target = target;
    request.host = "localhost:8015";
    return testing::run(site->answer(std::move(request)));
  }
  json document(const std::string& target) {
    const web::Response response = get(target);
    INFO(target << ": " << response.body);
    CHECK(response.status == 200);
    return json::parse(response.fixed.empty() ? std::string_view(response.body) : response.fixed);
  }
  web::Response post(const std::string& target, const std::string& body, const std::string& token = "right") {
    web::Request request;
    request.method = "POST";
    request.target = target;
    request.host = "localhost:8015";
    request.content_type = "application/json";
    request.authorization = "Bearer " + token;
    request.body = body;
    return testing::run(site->answer(std::move(request)));
  }
};

}  // namespace pgconvoy::test
