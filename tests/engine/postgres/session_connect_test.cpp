// Opening a session where nobody, or somebody strange, answers.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <thread>

#include "engine/postgres/session.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
using asio::ip::tcp;

namespace {

struct Listener {
  asio::io_context context;
  tcp::acceptor acceptor{context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};

  ConnectionSpec connection() const {
    ConnectionSpec spec;
    spec.server = "east";
    spec.keywords = {{"host", "127.0.0.1"},  {"port", std::to_string(acceptor.local_endpoint().port())},
                     {"user", "admin"},      {"dbname", "postgres"},
                     {"sslmode", "disable"}, {"gssencmode", "disable"}};
    spec.password = Secret("hunter2");
    return spec;
  }
};

Result<SessionPtr> open(ConnectionSpec spec, Seconds limit = Seconds(5)) {
  static asio::io_context loop(1);
  static asio::thread_pool pool(2);
  static auto factory = make_session_factory(pool);
  SessionOptions options;
  options.connect_limit = limit;
  return testing::run_on(loop, factory->open(std::move(spec), options));
}

std::string message(char type, const std::string& body) {
  const auto size = static_cast<std::uint32_t>(body.size() + 4);
  std::string text(1, type);
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(size >> shift & 0xff);
  return text + body;
}

std::string read_message(tcp::socket& socket, bool with_type) {
  std::array<unsigned char, 5> head{};
  const std::size_t skip = with_type ? 1 : 0;
  asio::read(socket, asio::buffer(head.data(), 4 + skip));
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | head[skip + i];
  std::string body(size - 4, '\0');
  asio::read(socket, asio::buffer(body));
  return body;
}

}  // namespace

TEST_CASE("connect: a server that accepts and says nothing costs no more than the limit") {
  Listener silent;
  const auto start = std::chrono::steady_clock::now();
  auto session = open(silent.connection(), Seconds(0.2));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(3));
  REQUIRE_FALSE(session);
  CHECK(session.error().kind == ErrorKind::unreachable);
  CHECK(session.error().retryable);
  CHECK(session.error().server == "east");
}

TEST_CASE("connect: a closed port and an unknown host are unreachable, and can be tried again") {
  Listener closed;
  auto spec = closed.connection();
  closed.acceptor.close();
  auto refused = open(spec);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::unreachable);
  CHECK_THAT(refused.error().message, Catch::Contains("refused"));
  spec.keywords["host"] = "no-such-host.invalid";
  auto unknown = open(spec);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().kind == ErrorKind::unreachable);
  CHECK(describe(unknown.error()).find("hunter2") == std::string::npos);
}

TEST_CASE("connect: a pooler that knows no startup options is asked by a script") {
  Listener pooler;
  std::string script, startup;
  std::thread served([&] {
    {
      auto first = pooler.acceptor.accept();
      read_message(first, false);
      const std::string refusal("SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0", 63);
      asio::write(first, asio::buffer(message('E', refusal)));
    }
    auto second = pooler.acceptor.accept();
    startup = read_message(second, false);
    const auto ready = message('Z', "I");
    asio::write(second, asio::buffer(message('R', std::string(4, '\0')) + ready));
    script = read_message(second, true);
    asio::write(second, asio::buffer(message('C', std::string("SELECT 1\0", 9)) + ready));
    boost::system::error_code ended;
    char rest;
    second.read_some(asio::buffer(&rest, 1), ended);
  });
  auto session = open(pooler.connection());
  const bool opened = session.has_value();
  INFO((opened ? std::string() : describe(session.error())));
  CHECK(opened);
  if (opened) (*session)->close();
  served.join();
  CHECK(startup.find("options") == std::string::npos);
  CHECK_THAT(script, Catch::Contains("set_config('search_path', '', false)"));
}
