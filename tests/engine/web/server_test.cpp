#include "engine/web/server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include <thread>

#include "tests/engine/web/example.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;
using Catch::Matchers::Contains;
using tcp = asio::ip::tcp;

namespace {

web::ServerLimits short_limits() {
  web::ServerLimits limits;
  limits.request = Seconds(0.3);
  limits.idle = Seconds(0.6);
  limits.connections = 6;
  limits.streams = 1;
  limits.heartbeat = Seconds(0.2);
  return limits;
}

// The server on a thread of its own, as the main thread of a process is.
class Listening {
 public:
  explicit Listening(web::ServerLimits limits = short_limits())
      : server(must(web::Server::listen(loop, site.pool, "127.0.0.1", 0, limits, site.site, site.documents))) {
    asio::co_spawn(loop, web::Server::serve(server), [this](std::exception_ptr, Result<void>) { loop.stop(); });
    thread = std::thread([this] { loop.run(); });
  }
  ~Listening() {
    asio::post(loop, [this] { server->stop(); });
    thread.join();
    site.pool.join();
  }

  WebSite site;
  asio::io_context loop{1};
  std::shared_ptr<web::Server> server;
  std::thread thread;
};

class Client {
 public:
  explicit Client(const Listening& listening) : socket_(context_) { socket_.connect({asio::ip::make_address("127.0.0.1"), listening.server->port()}); }
  void send(const std::string& text) {
    boost::system::error_code ignored;
    asio::write(socket_, asio::buffer(text), ignored);
  }
  // All that comes until the other side closes.
  std::string rest() {
    std::string text;
    boost::system::error_code end;
    asio::read(socket_, asio::dynamic_buffer(text), end);
    return text;
  }
  std::string until(const std::string& mark) {
    std::string text;
    char c = 0;
    boost::system::error_code end;
    while (text.find(mark) == std::string::npos && asio::read(socket_, asio::buffer(&c, 1), end) == 1) text += c;
    return text;
  }

 private:
  asio::io_context context_;
  tcp::socket socket_;
};

std::string asked_of(const Listening& listening, const std::string& text) {
  Client client(listening);
  client.send(text);
  return client.rest();
}

const std::string kHost = "Host: localhost\r\n";

}  // namespace

TEST_CASE("web server: answers one request after the other on a connection, also sent together") {
  Listening listening;
  const std::string get = "GET /api/v1/session HTTP/1.1\r\n" + kHost + "\r\n";
  const std::string answers = asked_of(listening, get + get + "GET /api/v1/runs HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n");
  std::size_t count = 0;
  for (auto at = answers.find("HTTP/1.1 200 OK"); at != std::string::npos; at = answers.find("HTTP/1.1 200 OK", at + 1)) ++count;
  CHECK(count == 3);
  CHECK_THAT(answers, Contains("\"kind\":\"runs\""));
}

TEST_CASE("web server: HEAD has the head alone") {
  Listening listening;
  const std::string answer = asked_of(listening, "HEAD /api/v1/runs HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n");
  CHECK_THAT(answer, Contains("200 OK") && Contains("Content-Length: ") && !Contains("kind"));
}

TEST_CASE("web server: what is no request, too large is told so, what is too slow is cut off") {
  Listening listening;
  CHECK_THAT(asked_of(listening, "nonsense\r\n\r\n"), Contains("400 Bad Request"));
  CHECK_THAT(asked_of(listening, "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20000, 'x') + "\r\n\r\n"), Contains("431 "));
  CHECK_THAT(asked_of(listening, "POST /api/v1/runs/r1/actions/pause HTTP/1.1\r\n" + kHost + "Content-Length: 40000\r\n\r\n"), Contains("413 "));
  CHECK_THAT(asked_of(listening, "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), Contains("400 "));
  CHECK(asked_of(listening, "GET / HTTP/1.1\r\n").empty());  // began, and went no further: closed
  CHECK(asked_of(listening, "").empty());                    // said nothing for as long as one may
  CHECK_THAT(asked_of(listening, "GET /api/v1/runs HTTP/1.1\r\nConnection: close\r\n\r\n"), Contains("421 "));
  CHECK_THAT(asked_of(listening, "GET /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"), Contains("421 ") || Contains("400 "));
  CHECK_THAT(asked_of(listening, "GET /api/v1/runs HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"), Contains("421 ") && !Contains("\"runs\""));
}

TEST_CASE("web server: more connections than there may be are closed at once, and none of the others") {
  Listening listening;
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 6; ++i) {
    idle.push_back(std::make_unique<Client>(listening));
    idle.back()->send("GET /api/v1/session HTTP/1.1\r\n" + kHost + "\r\n");
    CHECK_THAT(idle.back()->until("}"), Contains("200 OK"));
  }
  CHECK(asked_of(listening, "GET /api/v1/session HTTP/1.1\r\n" + kHost + "\r\n").empty());
  idle.front()->send("GET /api/v1/session HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n");
  CHECK_THAT(idle.front()->rest(), Contains("200 OK"));
}

TEST_CASE("web server: a stream tells what comes, from where its reader stands, and beats when nothing comes") {
  Listening listening;
  const std::int64_t at = must(listening.site.documents->sequence(1, 0));
  Client client(listening);
  client.send(fmt::format("GET /api/v1/runs/r1/stream?after={} HTTP/1.1\r\n{}\r\n", at, kHost));
  CHECK_THAT(client.until("event: hello"), Contains("200 OK") && Contains("text/event-stream") && Contains(fmt::format("id: {}\n", at)));
  CHECK_THAT(client.until(": still here"), Contains("data:"));
  Writer& write = listening.site.example.write;
  write.target = 3;
  append(*listening.site.example.journal, {write.succeed("one"), write(EventKind::target_succeeded)});
  CHECK_THAT(client.until("event: changes\n"), Contains(fmt::format("id: {}\n", at + 2)));
  CHECK_THAT(client.until("\n\n"), Contains("\"shop-3\"") && Contains("\"succeeded\""));

  // One stream is all that there may be here.
  CHECK_THAT(asked_of(listening, "GET /api/v1/runs/r1/stream HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n"), Contains("503 "));
}

TEST_CASE("web server: a reader that comes back says what it has seen, and misses nothing") {
  Listening listening;
  const std::int64_t at = must(listening.site.documents->sequence(1, 0));
  Client client(listening);
  client.send(fmt::format("GET /api/v1/runs/r1/stream?after=1 HTTP/1.1\r\n{}Last-Event-ID: {}\r\n\r\n", kHost, at - 2));
  CHECK_THAT(client.until("event: hello"), Contains(fmt::format("id: {}\n", at - 2)));
  client.until("event: changes\n");
  const std::string data = client.until("\n\n");
  const json changes = json::parse(data.substr(6));
  CHECK(changes["events"].size() == 2);
  CHECK(changes["sequence"] == at);
}

TEST_CASE("web server: an address that can't be had is an error that says what to do") {
  Listening listening;
  const auto taken = web::Server::listen(listening.loop, listening.site.pool, "127.0.0.1", listening.server->port(), {}, listening.site.site, listening.site.documents);
  CHECK_THAT(must_fail(taken).remedy, Contains("--port"));
  CHECK(must_fail(web::Server::listen(listening.loop, listening.site.pool, "localhost", 0, {}, listening.site.site, listening.site.documents)).kind == ErrorKind::usage);
}
