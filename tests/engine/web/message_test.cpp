#include "engine/web/message.hpp"

#include <catch2/catch.hpp>

#include "engine/web/router.hpp"

using namespace pgconvoy;
using namespace pgconvoy::web;
using Catch::Matchers::Contains;

TEST_CASE("web message: an address is taken apart, and a broken one is none") {
  const auto address = parse_address("/api/v1/runs/r7/events?after=12&text=a%20b+c&after=13&empty");
  REQUIRE(address);
  CHECK(address->segments == std::vector<std::string>{"api", "v1", "runs", "r7", "events"});
  CHECK(address->query.at("after") == "13");
  CHECK(address->query.at("text") == "a b c");
  CHECK(address->query.at("empty").empty());
  CHECK(parse_address("/")->segments.empty());
  // A slash that is escaped is no separator, and dots climb nowhere: they are names that no route has.
  CHECK(parse_address("/a%2fb")->segments == std::vector<std::string>{"a/b"});
  CHECK(parse_address("/../x")->segments == std::vector<std::string>{"..", "x"});
  for (const char* broken : {"", "x", "http://evil.example/", "*", "/%", "/%4", "/%zz", "/%00", "/a?b=%00", "/a?%g=1"}) CHECK_FALSE(parse_address(broken));
}

TEST_CASE("web message: every answer says what a browser may do with it, and no text of a journal is HTML") {
  const Response response = json_response({{"text", "<script>alert(1)</script>"}});
  const std::string head = head_of(response, response.body.size(), true);
  CHECK_THAT(head, Contains("HTTP/1.1 200 OK\r\n") && Contains("Content-Type: application/json; charset=utf-8\r\n"));
  CHECK_THAT(head, Contains("X-Content-Type-Options: nosniff\r\n") && Contains("Cache-Control: no-store\r\n") && Contains("X-Frame-Options: DENY\r\n"));
  CHECK_THAT(head, Contains("default-src 'none'") && Contains("script-src 'self';") && Contains("frame-ancestors 'none'"));
  CHECK_THAT(head, !Contains("unsafe") && !Contains("Access-Control"));
  CHECK(head.substr(head.size() - 4) == "\r\n\r\n");
  // A stream has no length, so its connection can't be used again.
  CHECK_THAT(head_of(response, std::nullopt, true), Contains("Connection: close") && !Contains("Content-Length"));
}

TEST_CASE("web message: an answer that isn't UTF-8 is mended, not refused") {
  CHECK(json_response({{"text", "a\xff"}}).body == "{\"text\":\"a\xef\xbf\xbd\"}");
}

TEST_CASE("web message: the status goes by the kind of the error") {
  CHECK(error_response(Error(ErrorKind::not_found, "x")).status == 404);
  CHECK(error_response(Error(ErrorKind::usage, "x")).status == 400);
  CHECK(error_response(Error(ErrorKind::refused, "x")).status == 409);
  CHECK(error_response(Error(ErrorKind::unreachable, "x")).status == 503);
  CHECK(error_response(Error(ErrorKind::corrupt, "x")).status == 500);
  const json body = json::parse(error_response(Error(ErrorKind::refused, "no", "type this")).body);
  CHECK(body["error"]["message"] == "no");
  CHECK(body["error"]["remedy"] == "type this");
}

TEST_CASE("web router: a path finds its route, another method of it is told, and captures are text") {
  Router router;
  router.add({"GET", "/api/v1/runs", false, nullptr});
  router.add({"GET", "/api/v1/runs/{run}", false, nullptr});
  router.add({"POST", "/api/v1/runs/{run}/actions/{action}", true, nullptr});
  const auto match = [&](const std::string& method, const std::string& target) {
    Request request;
    request.method = method;
    return router.match(std::move(request), *parse_address(target));
  };
  CHECK(match("GET", "/api/v1/runs").route->pattern == "/api/v1/runs");
  CHECK(match("HEAD", "/api/v1/runs").route != nullptr);
  CHECK(match("GET", "/api/v1/runs/r7").call.path.at("run") == "r7");
  CHECK(match("GET", "/api/v1/runs/%3Cb%3E").call.path.at("run") == "<b>");
  CHECK(match("POST", "/api/v1/runs/7/actions/pause").call.path.at("action") == "pause");
  CHECK(match("GET", "/api/v1/runs//").route == nullptr);
  CHECK(match("GET", "/api/v1/runs/r7/actions/pause").other_method);
  CHECK(match("POST", "/api/v1/runs").other_method);
  CHECK(match("GET", "/api/v2/runs").route == nullptr);
}

TEST_CASE("web router: numbers of a query are whole and within their limit") {
  Call call;
  call.query = {{"limit", "20"}, {"minus", "-1"}, {"text", "1x"}, {"huge", "99999999999999999999"}, {"empty", ""}};
  CHECK(*call.number("limit", 5, 100) == 20);
  CHECK(*call.number("none", 5, 100) == 5);
  CHECK_FALSE(call.number("limit", 5, 19));
  for (const char* name : {"minus", "text", "huge", "empty"}) CHECK_FALSE(call.number(name, 5, 100));
}
