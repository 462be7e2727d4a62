// Stands between a client and a PostgreSQL server (in clear) and cuts the connection at a commit: before the server has it, or
// when the server has it and before the client has its answer.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace pgconvoy::test {

class CuttingProxy {
 public:
  enum class Cut { nothing, before_commit, before_answer };

  explicit CuttingProxy(int server_port) : server_port_(server_port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = local(0);
    socklen_t size = sizeof address;
    if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no proxy");
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~CuttingProxy() {
    over_ = true;
    accepting_.join();
    for (std::thread& serving : serving_) serving.join();
    ::close(listener_);
  }

  int port() const { return port_; }
  int cuts() const { return cuts_; }
  void next(Cut cut) { next_ = cut; }

 private:
  static sockaddr_in local(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }

  void accept_all() {
    while (!over_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (::poll(&waiting, 1, 50) <= 0) continue;
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) serving_.emplace_back([this, client] { serve(client); });
    }
  }

  static bool forward(int to, const std::string& bytes) {
    return ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }

  void serve(int client) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = local(server_port_);
    if (::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) pump(client, server);
    ::close(client);
    ::close(server);
  }

  void pump(int client, int server) {
    std::string bytes;
    bool waits_for_answer = false;
    while (!over_) {
      pollfd ends[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
      if (::poll(ends, 2, 50) <= 0) continue;
      for (int side = 0; side < 2; ++side) {
        if (ends[side].revents == 0) continue;
        bytes.resize(1 << 16);
        const auto count = ::recv(ends[side].fd, bytes.data(), bytes.size(), 0);
        if (count <= 0) return;
        bytes.resize(static_cast<std::size_t>(count));
        // A simple query: Q, length, text, zero.
        if (side == 0 && bytes.find(std::string_view("commit\0", 7)) != std::string::npos) {
          if (next_ == Cut::before_commit) return cut();
          waits_for_answer = next_ == Cut::before_answer;
        }
        if (side == 1 && waits_for_answer) return cut();
        if (!forward(side == 0 ? server : client, bytes)) return;
      }
    }
  }

  void cut() {
    next_ = Cut::nothing;
    ++cuts_;
  }

  const int server_port_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> over_{false};
  std::atomic<int> cuts_{0};
  std::atomic<Cut> next_{Cut::nothing};
  std::thread accepting_;
  std::vector<std::thread> serving_;
};

}  // namespace pgconvoy::test
