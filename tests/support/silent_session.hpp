// A session without a server: every statement goes well and gives nothing.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/postgres/session.hpp"

namespace pgconvoy::testing {

class SilentSession : public Session {
 public:
  explicit SilentSession(std::string server = "silent") : server_(std::move(server)) {}
  Task<Result<Rows>> query(std::string, std::vector<Value>, std::optional<Seconds>) override { co_return Rows(); }
  Task<Result<std::vector<Rows>>> script(std::string, std::optional<Seconds>) override { co_return std::vector<Rows>(); }
  Task<Result<void>> copy_out(std::string, CopySink, std::optional<Seconds>) override { co_return Result<void>(); }
  std::string quote_identifier(const std::string& name) const override { return name; }
  std::string quote_literal(const std::string& value) const override { return value; }
  Result<Secret> encrypt_password(const Secret& clear, const std::string&) const override { return clear; }
  int server_version() const override { return 150004; }
  int backend_pid() const override { return 4711; }
  bool usable() const override { return true; }
  const std::string& server() const override { return server_; }
  void close() override {}

 private:
  std::string server_;
};

}  // namespace pgconvoy::testing
