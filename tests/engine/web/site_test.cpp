#include "engine/web/site.hpp"

#include <catch2/catch.hpp>

#include <set>

#include "engine/web/assets.hpp"
#include "tests/engine/web/example.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;
using Catch::Matchers::Contains;

TEST_CASE("web site: every document is there, and what isn't is told as an error of the API") {
  WebSite web;
  for (const char* target : {"/api/v1/session", "/api/v1/runs", "/api/v1/runs/r1", "/api/v1/runs/latest/targets", "/api/v1/runs/1/targets/2", "/api/v1/runs/r1/events?limit=3",
                             "/api/v1/runs/r1/plan", "/api/v1/runs/r1/forecast"}) {
    const json document = web.document(target);
    CHECK(document["version"] == 1);
    CHECK(document["kind"].is_string());
  }
  CHECK(web.get("/api/v1/runs/r9").status == 404);
  CHECK(web.get("/api/v1/runs/r1/targets/99").status == 404);
  CHECK(web.get("/api/v1/nothing").status == 404);
  CHECK(web.get("/api/v1/runs/r1/actions/pause").status == 405);
  CHECK(web.get("/metrics").status == 404);
  CHECK(web.get("/%ff%").status == 400);
}

TEST_CASE("web site: hostile addresses reach nothing and break nothing") {
  WebSite web;
  for (const char* target : {"/../../../etc/passwd", "/assets/..%2f..%2fetc%2fpasswd", "/assets/%2e%2e/index.html", "//evil.example/", "/api/v1/runs/r1'%20or%20'1'='1",
                             "/api/v1/runs/<script>", "/api/v1/runs/r1/targets/1e3", "/api/v1/runs/r1/targets/-1", "/api/v1/runs/r1/targets/0x1", "/api/v1/runs/r1/targets/99999999999",
                             "/api/v1/runs/r1/events?limit=0", "/api/v1/runs/r1/events?limit=1001", "/api/v1/runs/r1/events?after=-5", "/api/v1/runs/r1/events?after=1e9",
                             "/api/v1/runs/r1/stream?after=x"}) {
    const web::Response response = web.get(target);
    INFO(target);
    CHECK((response.status == 400 || response.status == 404));
    CHECK(response.content_type == "application/json; charset=utf-8");
    CHECK(json::parse(response.body).contains("error"));
  }
  CHECK(web.wishes.empty());
}

TEST_CASE("web site: a change needs the token, and is carried out as what was asked") {
  WebSite web;
  CHECK(web.post("/api/v1/runs/r1/actions/pause", "{}", "wrong").status == 401);
  CHECK(web.post("/api/v1/runs/r1/actions/pause", "{}", "").status == 401);
  CHECK(web.wishes.empty());
  CHECK(web.post("/api/v1/runs/r1/actions/pause", "{\"reason\": \"storage\"}").status == 202);
  CHECK(web.post("/api/v1/runs/latest/targets/5/actions/skip", "").status == 202);
  CHECK(web.post("/api/v1/runs/r1/actions/set", "{\"changes\": {\"concurrency\": \"3\"}}").status == 202);
  REQUIRE(web.wishes.size() == 3);
  CHECK(web.wishes[0].run == 1);
  CHECK(web.wishes[0].arguments["reason"] == "storage");
  CHECK(web.wishes[1].target == "shop-5");
  const web::Response refused = web.post("/api/v1/runs/r1/actions/approve", "{}");
  CHECK(refused.status == 409);
  CHECK_THAT(refused.body, Contains("doesn't wait for anybody") && Contains("approve=yes"));
}

TEST_CASE("web site: what an action doesn't take never reaches it") {
  WebSite web;
  for (const char* body : {"[]", "1", "{", "null", "{\"rollback\": true}", "{\"reason\": 5}", "{\"by\": \"root\"}"})
    CHECK(web.post("/api/v1/runs/r1/actions/pause", body).status == 400);
  for (const char* body : {"{}", "{\"changes\": {}}", "{\"changes\": []}", "{\"changes\": {\"concurrency\": 3}}"}) CHECK(web.post("/api/v1/runs/r1/actions/set", body).status == 400);
  CHECK(web.post("/api/v1/runs/r1/actions/cancel", "{\"rollback\": \"yes\"}").status == 400);
  CHECK(web.post("/api/v1/runs/r1/actions/rm", "{}").status == 404);
  CHECK(web.post("/api/v1/runs/r1/actions/skip", "{}").status == 404);
  CHECK(web.post("/api/v1/runs/r1/targets/1/actions/pause", "{}").status == 404);
  CHECK(web.post("/api/v1/runs/r9/actions/pause", "{}").status == 404);
  CHECK(web.post("/api/v1/runs/r1/actions/pause", "{\"reason\": \"" + std::string(501, 'x') + "\"}").status == 400);
  CHECK(web.wishes.empty());
}

TEST_CASE("web site: the session says whether the token is right, and never which one it is") {
  WebSite web;
  CHECK(web.document("/api/v1/session")["may_change"] == false);
  web::Request request;
  request.method = "GET";
  request.target = "/api/v1/session";
  request.host = "localhost";
  request.authorization = "Bearer right";
  const web::Response response = testing::run(web.site->answer(std::move(request)));
  CHECK(json::parse(response.body)["may_change"] == true);
  CHECK_THAT(response.body, !Contains("right"));
}

TEST_CASE("web site: the description names every route of the API, and no other") {
  WebSite web;
  const json description = web.document("/api/v1/openapi.json");
  CHECK(description["openapi"] == "3.1.0");
  std::set<std::string> described, routed;
  for (const auto& [path, methods] : description["paths"].items())
    for (const auto& [method, operation] : methods.items()) {
      described.insert((method == "get" ? "GET " : "POST ") + path);
      // Every part of the path that varies is a parameter.
      for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1)) {
        const std::string name = path.substr(open + 1, path.find('}', open) - open - 1);
        bool named = false;
        for (const json& parameter : operation["parameters"]) named = named || (parameter["name"] == name && parameter["in"] == "path");
        INFO(path << " " << name);
        CHECK(named);
      }
    }
  for (const web::Route& route : web.site->router().routes()) {
    const bool file = !route.pattern.starts_with("/api/") && route.pattern != "/metrics";
    if (!file) routed.insert(route.method + " " + route.pattern);
    if (route.changes)
      CHECK(description["paths"][route.pattern]["post"].contains("security"));
  }
  CHECK(described == routed);
}

TEST_CASE("web site: documents hold what the description requires of them") {
  WebSite web;
  const json description = web.document("/api/v1/openapi.json");
  const auto holds = [&](const std::string& target, const std::string& schema) {
    const json document = web.document(target);
    const json& wanted = description["components"]["schemas"][schema];
    for (const json& name : wanted["required"]) {
      INFO(target << " " << name);
      CHECK(document.contains(name.get<std::string>()));
    }
    if (wanted.value("additionalProperties", json()) != json(true))
      for (const auto& [name, value] : document.items()) {
        INFO(target << " " << name);
        CHECK(wanted["properties"].contains(name));
      }
    CHECK(wanted["properties"]["kind"]["const"] == document["kind"]);
    return document;
  };
  holds("/api/v1/session", "Session");
  holds("/api/v1/runs", "Runs");
  holds("/api/v1/runs/r1", "Run");
  holds("/api/v1/runs/r1/plan", "Plan");
  holds("/api/v1/runs/r1/forecast", "Forecast");
  holds("/api/v1/runs/r1/events", "Events");
  holds("/api/v1/runs/r1/targets/1", "Target");
  const json targets = holds("/api/v1/runs/r1/targets", "Targets");
  CHECK(targets["columns"] == description["components"]["schemas"]["Targets"]["properties"]["columns"]["const"]);
  CHECK(targets["rows"][0].size() == description["components"]["schemas"]["Row"]["prefixItems"].size());
}

TEST_CASE("web site: files come packed to who takes that, and the page's script is no inline code") {
  const auto& all = web::assets();
  const auto page = std::find_if(all.begin(), all.end(), [](const web::Asset& asset) { return asset.path == "/"; });
  WebSite web;
  if (page == all.end()) {
    // Built without npm: it says how to get the page.
    CHECK(web.get("/").status == 404);
    CHECK_THAT(web.get("/").body, Contains("scripts/setup"));
    return;
  }
  CHECK(web.get("/").fixed == page->plain);
  CHECK_THAT(std::string(page->plain), Contains("<script type=\"module\"") && Contains("src=\"/assets/") && !Contains("<style") && !Contains("http://") && !Contains("https://"));
  web::Request request;
  request.method = "GET";
  request.target = "/";
  request.host = "localhost";
  request.takes_gzip = true;
  const web::Response packed = testing::run(web.site->answer(std::move(request)));
  CHECK(packed.fixed == page->gzip);
  CHECK(packed.fixed.substr(0, 2) == "\x1f\x8b");
}
