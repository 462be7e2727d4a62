#include "engine/postgres/auth_probe.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "engine/core/printable.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(AuthAnswer, asks, mechanisms, tls, refused_because, sqlstate)

namespace {

using boost::system::error_code;

constexpr std::uint32_t kProtocol = 3 << 16;
constexpr std::uint32_t kSslRequest = 80877103;
constexpr std::size_t kLongestReply = 30000;  // nothing that comes before a login is longer (libpq's own limit)

void add_number(std::string& to, std::uint32_t number) {
  for (const int shift : {24, 16, 8, 0}) to += static_cast<char>(number >> shift & 0xff);
}

std::uint32_t number_at(const std::string& text, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4 && i < text.size(); ++i) number = number << 8 | static_cast<unsigned char>(text[i]);
  return number;
}

std::string startup_message(const AuthQuestion& question) {
  std::string body;
  add_number(body, kProtocol);
  for (const std::string& word : {std::string("user"), question.role, std::string("database"), question.database,
                                  std::string("application_name"), std::string("pgconvoy/auth-probe")})
    body += word + '\0';
  body += '\0';
  std::string message;
  add_number(message, static_cast<std::uint32_t>(body.size() + 4));
  return message + body;
}

std::vector<std::string> strings_from(const std::string& body, std::size_t at) {
  std::vector<std::string> found;
  while (at < body.size() && body[at] != '\0') {
    const std::size_t end = std::min(body.find('\0', at), body.size());
    found.push_back(body.substr(at, end - at));
    at = end + 1;
  }
  return found;
}

AuthAnswer answer_in_error(const std::string& body) {
  AuthAnswer answer;
  answer.asks = "refused";
  for (const std::string& field : strings_from(body, 0)) {
    if (field[0] == 'C') answer.sqlstate = printable(field.substr(1));
    if (field[0] == 'M') answer.refused_because = shortened(printable(field.substr(1)), 300);
  }
  return answer;
}

AuthAnswer answer_in_request(const std::string& body) {
  AuthAnswer answer;
  switch (number_at(body, 0)) {
    case 0: answer.asks = "nothing"; break;
    case 3: answer.asks = "password"; break;
    case 5: answer.asks = "md5"; break;
    case 7: answer.asks = "gss"; break;
    case 9: answer.asks = "sspi"; break;
    case 10:
      answer.asks = "other";
      for (std::string& mechanism : strings_from(body, 4)) {
        if (mechanism.starts_with("SCRAM-SHA-256")) answer.asks = "scram-sha-256";
        answer.mechanisms.push_back(printable(mechanism));
      }
      break;
    default: answer.asks = "other";
  }
  return answer;
}

Error lost(const error_code& code) {
  return Error(ErrorKind::unreachable, code == asio::error::eof ? std::string("the server closed the connection without a word")
                                                                : code.message());
}

template <class Stream>
Task<Result<AuthAnswer>> begin_login(Stream& stream, std::string message) {
  error_code code;
  co_await asio::async_write(stream, asio::buffer(message), asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return lost(code);
  for (;;) {
    std::string head(5, '\0');
    co_await asio::async_read(stream, asio::buffer(head), asio::redirect_error(asio::use_awaitable, code));
    if (code) co_return lost(code);
    const std::size_t length = number_at(head, 1);
    if ((head[0] != 'R' && head[0] != 'E' && head[0] != 'v' && head[0] != 'N') || length < 4 || length > kLongestReply)
      co_return Error(ErrorKind::unreachable, "who answers there doesn't speak PostgreSQL's protocol");
    std::string body(length - 4, '\0');
    co_await asio::async_read(stream, asio::buffer(body), asio::redirect_error(asio::use_awaitable, code));
    if (code) co_return lost(code);
    if (head[0] == 'E') co_return answer_in_error(body);
    if (head[0] != 'R') continue;
    const std::string goodbye{'X', '\0', '\0', '\0', '\4'};
    co_await asio::async_write(stream, asio::buffer(goodbye), asio::redirect_error(asio::use_awaitable, code));
    co_return answer_in_request(body);
  }
}

std::string keyword(const ConnectionSpec& place, const char* name, const char* otherwise) {
  const auto found = place.keywords.find(name);
  return found == place.keywords.end() || found->second.empty() ? otherwise : found->second;
}

Task<Result<AuthAnswer>> over_tls(asio::ip::tcp::socket& socket, const AuthQuestion& question) {
  std::string request;
  add_number(request, 8);
  add_number(request, kSslRequest);
  error_code code;
  co_await asio::async_write(socket, asio::buffer(request), asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return lost(code);
  std::array<char, 1> said{};
  co_await asio::async_read(socket, asio::buffer(said), asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return lost(code);
  if (said[0] != 'S') co_return Error(ErrorKind::refused, "the server offers no TLS");
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_verify_mode(asio::ssl::verify_none, code);
  const std::string certificate = keyword(question.place, "sslcert", ""), key = keyword(question.place, "sslkey", "");
  error_code unusable;  // without it, a server that wants one says so
  if (!certificate.empty()) context.use_certificate_chain_file(certificate, unusable);
  if (!certificate.empty() && !key.empty() && !unusable) context.use_private_key_file(key, asio::ssl::context::pem, unusable);
  asio::ssl::stream<asio::ip::tcp::socket&> stream(socket, context);
  co_await stream.async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return Error(ErrorKind::unreachable, "TLS: " + code.message());
  CO_TRY(AuthAnswer answer, co_await begin_login(stream, startup_message(question)));
  answer.tls = true;
  co_return answer;
}

std::string first_of_list(const std::string& list) { return list.substr(0, list.find(',')); }

Task<Result<AuthAnswer>> over_tcp(AuthQuestion question, bool tls) {
  const auto executor = co_await asio::this_coro::executor;
  const std::string host = first_of_list(keyword(question.place, "hostaddr", keyword(question.place, "host", "").c_str()));
  const std::string port = first_of_list(keyword(question.place, "port", "5432"));
  error_code code;
  asio::ip::tcp::resolver resolver(executor);
  const auto found = co_await resolver.async_resolve(host, port, asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return lost(code);
  asio::ip::tcp::socket socket(executor);
  for (const auto& entry : found) {
    error_code ignored;
    socket.close(ignored);
    co_await socket.async_connect(entry.endpoint(), asio::redirect_error(asio::use_awaitable, code));
    if (!code) break;
  }
  if (code) co_return lost(code);
  if (tls) co_return co_await over_tls(socket, question);
  co_return co_await begin_login(socket, startup_message(question));
}

Task<Result<AuthAnswer>> over_local_socket(AuthQuestion question, std::string directory) {
  const auto executor = co_await asio::this_coro::executor;
  const std::string path = fmt::format("{}/.s.PGSQL.{}", directory, first_of_list(keyword(question.place, "port", "5432")));
  if (path.size() > 100) co_return Error(ErrorKind::unreachable, "the path of the server's socket is too long");
  asio::local::stream_protocol::socket socket(executor);
  error_code code;
  co_await socket.async_connect(asio::local::stream_protocol::endpoint(path), asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return lost(code);
  co_return co_await begin_login(socket, startup_message(question));
}

Task<Result<AuthAnswer>> ask_without_limit(AuthQuestion question) {
  const std::string host = first_of_list(keyword(question.place, "host", ""));
  if (keyword(question.place, "hostaddr", "").empty()) {
    if (host.empty()) co_return Error(ErrorKind::unreachable, "the server's url names no host");
    if (host[0] == '/') co_return co_await over_local_socket(question, host);
  }
  const std::string mode = keyword(question.place, "sslmode", "prefer");
  std::vector<bool> ways{true};
  if (mode == "disable") ways = {false};
  if (mode == "allow") ways = {false, true};
  if (mode == "prefer") ways = {true, false};
  Result<AuthAnswer> answer = Error(ErrorKind::internal, "nothing was asked");
  for (const bool tls : ways) {
    answer = co_await over_tcp(question, tls);
    if (answer ? answer->asks != "refused" : answer.error().kind != ErrorKind::refused) break;
  }
  co_return answer;
}

}  // namespace

Task<Result<AuthAnswer>> ask_for_authentication(AuthQuestion question) {
  using namespace asio::experimental::awaitable_operators;
  const Seconds limit = question.limit;
  const std::string where = question.place.address(), server = question.place.server;
  auto first = co_await (ask_without_limit(std::move(question)) || sleep_for(limit));
  if (first.index() == 1)
    co_return Error(ErrorKind::timeout, fmt::format("{} did not ask for a login within {:g} s", where, limit.count())).on(server);
  Result<AuthAnswer> answer = std::move(std::get<0>(first));
  if (!answer) co_return std::move(answer).error().within(where + " was not asked").on(server);
  co_return answer;
}

}  // namespace pgconvoy
