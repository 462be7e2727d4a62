#include "engine/web/access.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;
using namespace pgconvoy::web;

namespace {

Request asked(const std::string& method, const std::string& host) {
  Request request;
  request.method = method;
  request.host = host;
  request.content_type = "application/json";
  return request;
}

int status_for(const Request& request, const AccessToken& token) {
  const auto refused = refuse_change(request, token);
  return refused ? refused->status : 0;
}

}  // namespace

TEST_CASE("web access: a token allows as itself and as nothing else") {
  const AccessToken token(Secret("abc-DEF_123"));
  CHECK(token.allows("Bearer abc-DEF_123"));
  CHECK(token.allows("bearer abc-DEF_123"));
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer abc-DEF_12", "Bearer abc-DEF_1234", "Bearer  abc-DEF_123", "Bearer abc-def_123", "Basic abc-DEF_123",
                            "abc-DEF_123", "Bearer abc-DEF_123 "})
    CHECK_FALSE(token.allows(wrong));
  CHECK(AccessToken().value().reveal().size() >= 32);
  CHECK_FALSE(AccessToken().value() == AccessToken().value());
}

TEST_CASE("web access: without a token nothing is allowed, not even an empty one") {
  const AccessToken none{Secret()};
  CHECK_FALSE(none.allows("Bearer "));
  CHECK_FALSE(none.allows(""));
}

TEST_CASE("web access: only names that are ours are answered, with whatever port a tunnel has") {
  HostNames names;
  names.others = {"ops.example.org", "10.0.0.7"};
  for (const char* ours : {"localhost", "localhost:8015", "LOCALHOST:9000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8015", "ops.example.org", "OPS.example.org:443", "10.0.0.7:8015"})
    CHECK(names.contains(ours));
  for (const char* foreign : {"", ":8015", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8015", "localhost:80:80", "localhost:x", "localhost:", "[::1", "[::1]x",
                              "127.0.0.2", "0.0.0.0", "localhost ", "user@localhost"})
    CHECK_FALSE(names.contains(foreign));
  CHECK(refuse(asked("GET", "evil.example"), names)->status == 421);
  CHECK_FALSE(refuse(asked("GET", "localhost:8015"), names));
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", ""}) CHECK(refuse(asked(method, "localhost"), names)->status == 405);
}

TEST_CASE("web access: another site's page can change nothing, token or not") {
  const AccessToken token(Secret("right"));
  Request request = asked("POST", "localhost:8015");
  CHECK(status_for(request, token) == 401);
  request.authorization = "Bearer right";
  CHECK(status_for(request, token) == 0);
  request.origin = "http://localhost:8015";
  request.fetch_site = "same-origin";
  CHECK(status_for(request, token) == 0);
  for (const char* origin : {"http://evil.example", "null", "http://localhost:9999", "http://localhost:8015.evil.example"}) {
    request.origin = origin;
    CHECK(status_for(request, token) == 403);
  }
  request.origin = "";
  for (const char* site : {"cross-site", "same-site"}) {
    request.fetch_site = site;
    CHECK(status_for(request, token) == 403);
  }
  request.fetch_site = "";
  // What a form of another site can send without being asked first.
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""}) {
    request.content_type = type;
    CHECK(status_for(request, token) == 415);
  }
  request.content_type = "application/json; charset=utf-8";
  CHECK(status_for(request, token) == 0);
}
