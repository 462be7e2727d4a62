#include "engine/platform/http_health.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "engine/platform/exec_call.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;

namespace {

// Instead of an answer: the connection is closed.
const std::string kHangsUp = "hangs up";

// Answers one request with these bytes; with none, it stays silent until the client gives up.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : answer_(std::move(answer)), thread_([this] { serve(); }) {}
  ~OneAnswer() { thread_.join(); }
  std::string url(const std::string& path = "/health") const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + path;
  }
  std::string request;

 private:
  void serve() {
    boost::system::error_code ignored;
    asio::ip::tcp::socket socket(context_);
    acceptor_.accept(socket, ignored);
    asio::streambuf buffer;
    asio::read_until(socket, buffer, "\r\n\r\n", ignored);
    request.assign(asio::buffers_begin(buffer.data()), asio::buffers_end(buffer.data()));
    if (answer_ == kHangsUp) return;
    if (answer_.empty())
      asio::read_until(socket, buffer, "never", ignored);
    else
      asio::write(socket, asio::buffer(answer_), ignored);
  }

  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_{context_, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)};
  std::string answer_;
  std::thread thread_;
};

Health asked(const std::string& url, Seconds limit = Seconds(3), std::vector<Secret> hidden = {}) {
  auto health = testing::run(ask_health(url, limit, std::move(hidden)));
  REQUIRE(health);
  return *health;
}

}  // namespace

TEST_CASE("health: 200 is healthy, the body stands in the detail on one line") {
  std::string sent;
  {
    OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"ok\":\r\n\x1b[31m true}  ");
    const Health health = asked(server.url("/health?deep=1"));
    CHECK(health.healthy);
    CHECK(health.detail == "200 {\"ok\": [31m true}");
    sent = server.request;
  }
  CHECK(sent.find("GET /health?deep=1 HTTP/1.1\r\n") == 0);
}

TEST_CASE("health: any other status is not healthy") {
  for (const std::string status :
       {"503 Service Unavailable", "204 No Content", "301 Moved Permanently", "404 Not Found"}) {
    OneAnswer server("HTTP/1.1 " + status + "\r\nConnection: close\r\n\r\n");
    const Health health = asked(server.url());
    CHECK_FALSE(health.healthy);
    CHECK(health.detail == status.substr(0, 3));
  }
}

TEST_CASE("health: an application that ends before it answers, or in the middle, is not healthy") {
  for (const std::string& answer : {kHangsUp, std::string("HTT"), std::string("HTTP/1.1 200 OK\r\nContent-"),
                                   std::string("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf")}) {
    OneAnswer server(answer);
    const Health health = asked(server.url());
    INFO(answer);
    CHECK_FALSE(health.healthy);
    CHECK(health.detail.starts_with("no answer: "));
  }
}

TEST_CASE("health: a long body is cut, not waited for") {
  OneAnswer server("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(1 << 20, 'x'));
  const Health health = asked(server.url());
  CHECK(health.healthy);
  CHECK(health.detail.size() <= 200);
}

TEST_CASE("health: silence ends at the limit") {
  OneAnswer server("");
  const auto started = std::chrono::steady_clock::now();
  const Health health = asked(server.url(), Seconds(0.2));
  CHECK_FALSE(health.healthy);
  CHECK(health.detail == "no answer within 0.2 s");
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(2));
}

TEST_CASE("health: nobody there, half an answer and nonsense are not healthy") {
  std::string url;
  {
    OneAnswer server("nonsense\r\n\r\n");
    url = server.url();
    CHECK_FALSE(asked(url).healthy);
  }
  CHECK(asked(url).detail.find("no answer: ") == 0);
  OneAnswer half("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
  CHECK_FALSE(asked(half.url()).healthy);
}

TEST_CASE("health: what the application tells of its variables is hidden before the body is cut") {
  const std::string body = std::string(190, 'x') + " postgresql://shop:hunter2%40home@db/shop hunter2@home";
  OneAnswer server(fmt::format("HTTP/1.1 503 No\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  const auto hidden = traces_of({Secret("postgresql://shop:hunter2%40home@db/shop")});
  const Health health = asked(server.url(), Seconds(3), hidden);
  CHECK_FALSE(health.healthy);
  CHECK(health.detail.find("hunter2") == std::string::npos);
  CHECK(health.detail.find("postgresql:") == std::string::npos);
}

TEST_CASE("health: what is no http address is refused") {
  for (const char* url : {"", "ftp://a/", "http://", "http://a:b/", "http://a:99999/", "http://u@h/", "http://h/a b",
                          "http://h/\r\nX: y"}) {
    auto health = testing::run(ask_health(url, Seconds(1), {}));
    REQUIRE_FALSE(health);
    CHECK(health.error().kind == ErrorKind::usage);
  }
}
