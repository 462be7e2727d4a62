#include "engine/postgres/auth_probe.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "engine/postgres/md5_verifier.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;

namespace {

using boost::system::error_code;

// Answers one login after the other with these bytes, and keeps what was said to it.
struct FakeServer {
  asio::io_context loop{1};
  asio::ip::tcp::acceptor acceptor{loop, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)};
  std::vector<std::string> heard;

  Task<void> serve(std::vector<std::string> answers) {
    for (std::string& answer : answers) {
      error_code code;
      auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, code));
      std::string said(1024, '\0');
      said.resize(co_await socket.async_read_some(asio::buffer(said), asio::redirect_error(asio::use_awaitable, code)));
      heard.push_back(said);
      if (answer == "silence") co_await sleep_for(Seconds(0.4));
      else co_await asio::async_write(socket, asio::buffer(answer), asio::redirect_error(asio::use_awaitable, code));
    }
  }

  Result<AuthAnswer> ask(std::vector<std::string> answers, const std::string& sslmode = "disable", Seconds limit = Seconds(5)) {
    AuthQuestion question;
    question.place.server = "pg15";
    question.place.keywords = {{"host", "127.0.0.1"}, {"port", std::to_string(acceptor.local_endpoint().port())}, {"sslmode", sslmode}};
    question.role = "shop";
    question.database = "shop_db";
    question.limit = limit;
    asio::co_spawn(loop, serve(std::move(answers)), asio::detached);
    return run_on(loop, ask_for_authentication(std::move(question)));
  }
};

std::string message_of(char type, const std::string& body) {
  const auto length = static_cast<unsigned>(body.size() + 4);
  return std::string{type, char(length >> 24), char(length >> 16), char(length >> 8), char(length)} + body;
}
std::string asking(int code, const std::string& rest = "") { return message_of('R', std::string{'\0', '\0', '\0', char(code)} + rest); }

}  // namespace

TEST_CASE("auth probe: what the server asks for is told apart, and nothing secret is said") {
  const std::string scram("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0", 34);
  for (const auto& [answer, asks] : std::vector<std::pair<std::string, std::string>>{
           {asking(5, "salt"), "md5"}, {asking(10, scram), "scram-sha-256"}, {asking(3), "password"}, {asking(0), "nothing"},
           {asking(7), "gss"}, {asking(9), "sspi"}, {asking(2), "other"}, {asking(10, std::string("OTHER\0\0", 7)), "other"}}) {
    FakeServer server;
    const auto found = server.ask({answer});
    REQUIRE(found);
    CHECK(found->asks == asks);
    CHECK_FALSE(found->tls);
    CHECK(server.heard.at(0).find(std::string("user\0shop\0database\0shop_db\0", 27)) != std::string::npos);
  }
}

TEST_CASE("auth probe: a refusal is an answer, with the server's words") {
  FakeServer server;
  const auto found = server.ask({message_of('E', std::string("SFATAL\0C28000\0Mno pg_hba.conf entry\0\0", 38))});
  REQUIRE(found);
  CHECK(found->asks == "refused");
  CHECK(found->sqlstate == "28000");
  CHECK(found->refused_because == "no pg_hba.conf entry");
}

TEST_CASE("auth probe: sslmode prefer goes on without TLS where there is none, require doesn't") {
  FakeServer server;
  const auto preferred = server.ask({"N", asking(5, "salt")}, "prefer");
  REQUIRE(preferred);
  CHECK(preferred->asks == "md5");
  FakeServer other;
  const auto required = other.ask({"N"}, "require");
  REQUIRE_FALSE(required);
  CHECK_THAT(required.error().message, Catch::Matchers::Contains("offers no TLS"));
}

TEST_CASE("auth probe: silence, garbage and a closed connection are errors") {
  FakeServer silent, garbage, huge, gone;
  CHECK(silent.ask({"silence"}, "disable", Seconds(0.05)).error().kind == ErrorKind::timeout);
  CHECK(garbage.ask({"HTTP/1.1 400 Bad Request\r\n\r\n"}).error().kind == ErrorKind::unreachable);
  CHECK(huge.ask({std::string("R\x7f\0\0\0", 5)}).error().kind == ErrorKind::unreachable);
  CHECK(gone.ask({""}).error().kind == ErrorKind::unreachable);
}

TEST_CASE("md5 verifier: as PostgreSQL stores it") {
  const auto made = md5_verifier(Secret("hush"), "shop");
  REQUIRE(made);
  CHECK(made->reveal() == "md54c59a7e301b4de9fb08183a6609de3ff");
}
