#include "engine/web/server.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <vector>

namespace pgconvoy::web {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::int64_t kTooFarBehind = 20000;  // events: who has missed more reads everything anew
constexpr auto kBetweenMessages = std::chrono::milliseconds(200);

std::chrono::steady_clock::duration steady(Seconds duration) { return std::chrono::duration_cast<std::chrono::steady_clock::duration>(duration); }

std::string text_of(beast::string_view text) { return std::string(text.data(), text.size()); }

bool names_gzip(beast::string_view accepted) { return text_of(accepted).find("gzip") != std::string::npos; }

Request request_of(http::request<http::string_body>&& message) {
  Request request;
  request.method = text_of(message.method_string());
  request.target = text_of(message.target());
  // More than one Host is a trick; an empty one is answered as none.
  if (message.count(http::field::host) == 1) request.host = text_of(message[http::field::host]);
  request.origin = text_of(message[http::field::origin]);
  request.fetch_site = text_of(message["Sec-Fetch-Site"]);
  request.authorization = text_of(message[http::field::authorization]);
  request.content_type = text_of(message[http::field::content_type]);
  request.last_event_id = text_of(message["Last-Event-ID"]);
  request.takes_gzip = names_gzip(message[http::field::accept_encoding]);
  request.body = std::move(message.body());
  return request;
}

// One message of a stream. JSON has no line breaks, so it is one line.
std::string message_of(const char* event, std::int64_t sequence, const json& data) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", sequence, event, data.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace

struct Server::Connection {
  explicit Connection(asio::ip::tcp::socket socket) : stream(std::move(socket)) {}
  beast::tcp_stream stream;
  std::string unread;
  // What was wrong with what was sent; 0: nothing.
  int problem = 0;

  // Nothing: it is over, or `problem` says why.
  static Task<std::optional<http::request<http::string_body>>> read(std::shared_ptr<Connection> self, ServerLimits limits) {
    http::request_parser<http::string_body> parser;
    parser.eager(true);
    parser.header_limit(limits.header_bytes);
    parser.body_limit(limits.body_bytes);
    std::vector<char> chunk(8192);
    error_code code;
    bool begun = !self->unread.empty();
    self->stream.expires_after(steady(begun ? limits.request : limits.idle));
    for (;;) {
      if (!self->unread.empty()) {
        const std::size_t used = parser.put(asio::buffer(self->unread), code);
        self->unread.erase(0, used);
        if (code == http::error::need_more) code = {};
        if (code) {
          self->problem = code == http::error::body_limit ? 413 : code == http::error::header_limit ? 431 : 400;
          co_return std::nullopt;
        }
        if (parser.is_done()) co_return parser.release();
        if (self->unread.size() > limits.header_bytes) {
          self->problem = 431;
          co_return std::nullopt;
        }
      }
      const std::size_t got = co_await self->stream.async_read_some(asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, code));
      // Too slow: the stream closed itself when its time was over, so nothing can be said any more.
      if (code) co_return std::nullopt;
      if (!begun) self->stream.expires_after(steady(limits.request));
      begun = true;
      self->unread.append(chunk.data(), got);
    }
  }
};

Result<std::shared_ptr<Server>> Server::listen(asio::io_context& loop, asio::thread_pool& pool, const std::string& address, std::uint16_t port,
                                               ServerLimits limits, std::shared_ptr<const Site> site, std::shared_ptr<Documents> documents) {
  error_code code;
  const auto ip = asio::ip::make_address(address, code);
  if (code) return Error(ErrorKind::usage, fmt::format("\"{}\" is no IP address", address), "for example --listen 127.0.0.1, or ::1");
  std::shared_ptr<Server> server(new Server(loop, pool, limits, std::move(site), std::move(documents)));
  const asio::ip::tcp::endpoint endpoint(ip, port);
  server->acceptor_.open(endpoint.protocol(), code);
  if (!code) server->acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address(true), code);
  if (!code) server->acceptor_.bind(endpoint, code);
  if (!code) server->acceptor_.listen(64, code);
  if (code) return Error(ErrorKind::io, fmt::format("can't listen at {} port {}: {}", address, port, code.message()), "choose another port: --port N (0: any that is free)");
  server->port_ = server->acceptor_.local_endpoint(code).port();
  return server;
}

Task<Result<void>> Server::serve(std::shared_ptr<Server> self) {
  while (!self->stopped_) {
    error_code code;
    asio::ip::tcp::socket socket(self->loop_);
    co_await self->acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, code));
    if (self->stopped_) break;
    if (code) {
      // Out of descriptors, for example: those that are open will end.
      co_await sleep_for(Seconds(0.1));
      continue;
    }
    if (self->open_.size() >= self->limits_.connections) continue;  // closed at once
    auto connection = std::make_shared<Connection>(std::move(socket));
    self->open_.insert(connection.get());
    asio::co_spawn(self->loop_, talk(self, connection), [self, connection](std::exception_ptr) { self->open_.erase(connection.get()); });
  }
  co_return Result<void>();
}

void Server::stop() {
  stopped_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  feed_->stop();
  for (Connection* connection : open_) connection->stream.cancel();
}

Task<bool> Server::send(std::shared_ptr<Server> self, std::shared_ptr<Connection> connection, std::string text) {
  error_code code;
  connection->stream.expires_after(steady(self->limits_.write));
  co_await asio::async_write(connection->stream, asio::buffer(text), asio::redirect_error(asio::use_awaitable, code));
  co_return !code;
}

Task<void> Server::talk(std::shared_ptr<Server> self, std::shared_ptr<Connection> connection) {
  for (bool keep = true; keep && !self->stopped_;) {
    auto message = co_await Connection::read(connection, self->limits_);
    if (!message) {
      if (connection->problem != 0) {
        Response response = error_response(connection->problem, "the request can't be understood or is too large");
        std::string text = head_of(response, response.body.size(), false) + response.body;
        co_await send(self, connection, std::move(text));
      }
      break;
    }
    keep = message->keep_alive();
    Request request = request_of(std::move(*message));
    const bool only_head = request.method == "HEAD";
    // Reading a journal takes its time; who asked is not cut off meanwhile.
    connection->stream.expires_never();
    Response response = co_await self->site_->answer(std::move(request));
    if (response.stream && !only_head) {
      if (self->streams_ < self->limits_.streams) {
        std::string head = head_of(response, std::nullopt, false);
        const EventStream stream = *response.stream;
        if (co_await send(self, connection, std::move(head))) co_await send_stream(self, connection, stream);
        break;
      }
      response = error_response(503, "too many streams are open", "close pages that nobody looks at");
    }
    const std::string_view body = response.fixed.empty() ? std::string_view(response.body) : response.fixed;
    std::string text = head_of(response, body.size(), keep);
    if (!only_head) text += body;
    if (!co_await send(self, connection, std::move(text))) break;
  }
  error_code ignored;
  connection->stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  connection->stream.close();
}

Task<void> Server::send_stream(std::shared_ptr<Server> self, std::shared_ptr<Connection> connection, EventStream stream) {
  // Given back however this ends.
  struct Counted {
    std::shared_ptr<Server> server;
    explicit Counted(std::shared_ptr<Server> counting) : server(std::move(counting)) { ++server->streams_; }
    ~Counted() { --server->streams_; }
  };
  const Counted counted(self);
  std::int64_t after = stream.after;
  std::string hello = fmt::format("retry: 2000\n\n{}", message_of("hello", after, json{{"sequence", after}}));
  bool goes_on = co_await send(self, connection, std::move(hello));
  while (goes_on && !self->stopped_) {
    if (!co_await Feed::wait_beyond(self->feed_, stream.run, after, self->limits_.heartbeat)) {
      if (self->stopped_) break;
      std::string beat = ": still here\n\n";
      goes_on = co_await send(self, connection, std::move(beat));
      continue;
    }
    const std::shared_ptr<Documents> documents = self->documents_;
    const std::int64_t run = stream.run, known = after;
    auto work = [documents, run, known]() -> Result<json> {
      TRY(const std::int64_t last, documents->sequence(run, known));
      if (last - known > kTooFarBehind) return json{{"sequence", last}, {"reset", true}};
      TRY(json found, documents->changes(run, known));
      // What isn't told (the plan) is passed over.
      if (!found.value("more", false)) found["sequence"] = std::max(last, found["sequence"].get<std::int64_t>());
      return found;
    };
    auto changes = co_await run_blocking(self->pool_, work);
    if (!changes) {
      std::string problem = message_of("problem", after, json{{"message", changes.error().message}});
      goes_on = co_await send(self, connection, std::move(problem));
      co_await sleep_for(Seconds(2));
      continue;
    }
    after = changes->at("sequence").get<std::int64_t>();
    std::string text = message_of(changes->contains("reset") ? "reset" : "changes", after, *changes);
    goes_on = co_await send(self, connection, std::move(text));
    // What comes right after is told together.
    if (goes_on && !changes->value("more", false)) co_await sleep_for(std::chrono::duration_cast<Seconds>(kBetweenMessages));
  }
}

}  // namespace pgconvoy::web
