#include "engine/platform/http_health.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <charconv>
#include <optional>
#include <vector>

#include "engine/core/printable.hpp"
#include "engine/platform/exec_call.hpp"

namespace pgconvoy {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::size_t kShownBody = 200;
constexpr std::size_t kReadBody = 64 * 1024;

struct HttpAddress {
  bool secure = false;
  std::string host, port, path;
  std::string authority;  // for the Host header
};

std::optional<HttpAddress> parse_http_address(const std::string& url) {
  HttpAddress address;
  address.secure = url.rfind("https://", 0) == 0;
  if (!address.secure && url.rfind("http://", 0) != 0) return std::nullopt;
  const std::string rest = url.substr(address.secure ? 8 : 7, url.find('#') - (address.secure ? 8 : 7));
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  address.authority = rest.substr(0, end);
  address.path = end < rest.size() && rest[end] == '/' ? rest.substr(end) : "/" + rest.substr(end);
  const auto bracket = address.authority.find(']');
  const auto colon = address.authority.find(':', bracket == std::string::npos ? 0 : bracket);
  address.host = address.authority.substr(0, colon);
  address.port = colon == std::string::npos ? (address.secure ? "443" : "80") : address.authority.substr(colon + 1);
  if (address.host.size() > 2 && address.host.front() == '[')
    address.host = address.host.substr(1, address.host.size() - 2);
  int number = 0;
  const auto parsed = std::from_chars(address.port.data(), address.port.data() + address.port.size(), number);
  const bool is_port = parsed.ec == std::errc() && parsed.ptr == address.port.data() + address.port.size() &&
                       number > 0 && number < 65536;
  if (address.host.empty() || !is_port || address.host.find('@') != std::string::npos) return std::nullopt;
  if (address.path.find_first_of(" \r\n") != std::string::npos) return std::nullopt;
  return address;
}

// Sends the request and reads the answer; the deadline is the connection's. Beast's own composed operations would do
// the same and take half a minute to compile for two kinds of stream.
template <class Stream>
Task<error_code> exchange_with(Stream& stream, const HttpAddress& address, Health& health) {
  const std::string request =
      fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: pgconvoy\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                  address.path, address.authority);
  error_code code;
  co_await asio::async_write(stream, asio::buffer(request), asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return code;
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  parser.body_limit(kReadBody);
  std::string unread;
  std::vector<char> chunk(8192);
  while (!parser.is_done()) {
    const std::size_t got =
        co_await stream.async_read_some(asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, code));
    if (code == asio::error::eof || code == asio::ssl::error::stream_truncated) {
      // The parser may be told of an end only after a beginning.
      if (!parser.got_some()) co_return error_code(http::error::end_of_stream);
      code = {};
      parser.put_eof(code);
      if (code) co_return code;
      break;
    }
    if (code) co_return code;
    unread.append(chunk.data(), got);
    const std::size_t used = parser.put(asio::buffer(unread), code);
    unread.erase(0, used);
    // A long body is cut.
    if (code == http::error::body_limit) break;
    if (code && code != http::error::need_more) co_return code;
    if (unread.size() > kReadBody) co_return error_code(http::error::header_limit);
  }
  if (!parser.is_header_done()) co_return error_code(http::error::end_of_stream);
  const auto& answer = parser.get();
  health.healthy = answer.result_int() == 200;
  health.detail = fmt::format("{} {}", answer.result_int(), answer.body());
  co_return error_code();
}

Task<error_code> exchange_securely(beast::tcp_stream& connection, const HttpAddress& address, Health& health) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  error_code code;
  context.set_default_verify_paths(code);
  if (code) co_return code;
  beast::ssl_stream<beast::tcp_stream&> stream(connection, context);
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.set_verify_callback(asio::ssl::host_name_verification(address.host));
  SSL_set_tlsext_host_name(stream.native_handle(), address.host.c_str());
  co_await stream.async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return code;
  co_return co_await exchange_with(stream, address, health);
}

}  // namespace

Task<Result<Health>> ask_health(std::string url, Seconds limit, std::vector<Secret> hidden) {
  const auto address = parse_http_address(url);
  if (!address)
    co_return Error(ErrorKind::usage, fmt::format("\"{}\" is no http address", printable(url)),
                    "correct `health_url` in the fleet file");
  const auto executor = co_await asio::this_coro::executor;
  Health health;
  error_code code;
  asio::ip::tcp::resolver resolver(executor);
  const auto found =
      co_await resolver.async_resolve(address->host, address->port, asio::redirect_error(asio::use_awaitable, code));
  if (!code) {
    beast::tcp_stream connection(executor);
    connection.expires_after(std::chrono::duration_cast<std::chrono::milliseconds>(limit));
    co_await connection.async_connect(found, asio::redirect_error(asio::use_awaitable, code));
    if (!code && address->secure)
      code = co_await exchange_securely(connection, *address, health);
    else if (!code)
      code = co_await exchange_with(connection, *address, health);
    connection.close();
  }
  // Secrets first: half of one would not be found any more.
  health.detail = shortened(printable(without_secrets(std::move(health.detail), hidden)), kShownBody);
  if (code == beast::error::timeout)
    health.detail = fmt::format("no answer within {} s", limit.count());
  else if (code)
    health.detail = "no answer: " + printable(code.message());
  co_return health;
}

}  // namespace pgconvoy
