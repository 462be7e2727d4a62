// The listener: connections, their limits, and streams of server-sent events. HTTP/1.1 without TLS: it is meant for loopback, and for
// a tunnel (ssh -L) or a proxy that has a certificate.
//
// The loop's thread. Whoever sends too much, too slowly or too often is cut off; it costs nobody else anything.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "engine/core/task.hpp"
#include "engine/web/feed.hpp"
#include "engine/web/site.hpp"

namespace pgconvoy::web {

struct ServerLimits {
  std::size_t connections = 128, streams = 48;
  std::uint32_t header_bytes = 16 * 1024;
  std::uint64_t body_bytes = 32 * 1024;
  Seconds request{10};   // from its first byte to its last
  Seconds idle{60};      // between two requests of a connection
  Seconds write{20};     // of a reader that takes nothing
  Seconds heartbeat{15}; // of a stream that has nothing to say
};

class Server : public std::enable_shared_from_this<Server> {
 public:
  // `address`: an IP address. Port 0: any. Error io when it can't be listened at.
  static Result<std::shared_ptr<Server>> listen(asio::io_context& loop, asio::thread_pool& pool, const std::string& address, std::uint16_t port,
                                                ServerLimits limits, std::shared_ptr<const Site> site, std::shared_ptr<Documents> documents);

  std::uint16_t port() const { return port_; }
  // Answers until stop().
  static Task<Result<void>> serve(std::shared_ptr<Server> self);
  void stop();

 private:
  struct Connection;

  Server(asio::io_context& loop, asio::thread_pool& pool, ServerLimits limits, std::shared_ptr<const Site> site, std::shared_ptr<Documents> documents)
      : loop_(loop), pool_(pool), limits_(limits), site_(std::move(site)), documents_(std::move(documents)), acceptor_(loop),
        feed_(std::make_shared<Feed>(loop, pool, documents_)) {}

  static Task<void> talk(std::shared_ptr<Server> self, std::shared_ptr<Connection> connection);
  static Task<bool> send(std::shared_ptr<Server> self, std::shared_ptr<Connection> connection, std::string text);
  static Task<void> send_stream(std::shared_ptr<Server> self, std::shared_ptr<Connection> connection, EventStream stream);

  asio::io_context& loop_;
  asio::thread_pool& pool_;
  const ServerLimits limits_;
  const std::shared_ptr<const Site> site_;
  const std::shared_ptr<Documents> documents_;
  asio::ip::tcp::acceptor acceptor_;
  const std::shared_ptr<Feed> feed_;
  std::set<Connection*> open_;
  std::size_t streams_ = 0;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

}  // namespace pgconvoy::web
