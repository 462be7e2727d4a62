#include "tests/faults/faults.hpp"

namespace pgconvoy::faults {
namespace {

class FaultySession final : public Session {
 public:
  FaultySession(Faults& faults, SessionPtr real) : faults_(faults), real_(std::move(real)) {}

  Task<Result<Rows>> query(std::string sql, std::vector<Value> parameters, std::optional<Seconds> limit) override {
    if (!changes_something(sql)) co_return co_await real_->query(std::move(sql), std::move(parameters), limit);
    std::string what = sql;
    auto call = [&] { return real_->query(std::move(sql), std::move(parameters), limit); };
    auto result = co_await effect<Rows>(faults_, "sql", std::move(what), std::move(call));
    close_when_poisoned(result);
    co_return result;
  }
  Task<Result<std::vector<Rows>>> script(std::string sql, std::optional<Seconds> limit) override {
    if (!changes_something(sql)) co_return co_await real_->script(std::move(sql), limit);
    std::string what = sql;
    auto call = [&] { return real_->script(std::move(sql), limit); };
    auto result = co_await effect<std::vector<Rows>>(faults_, "sql", std::move(what), std::move(call));
    close_when_poisoned(result);
    co_return result;
  }
  Task<Result<void>> copy_out(std::string sql, CopySink sink, std::optional<Seconds> silence) override {
    return real_->copy_out(std::move(sql), std::move(sink), silence);
  }
  Task<Result<void>> copy_out_pieces(std::string sql, CopyTaker taker, std::optional<Seconds> silence) override {
    return real_->copy_out_pieces(std::move(sql), std::move(taker), silence);
  }
  Task<Result<std::int64_t>> copy_in(std::string sql, CopyGiver giver, std::optional<Seconds> silence) override {
    std::string what = sql;
    auto call = [&] { return real_->copy_in(std::move(sql), std::move(giver), silence); };
    auto result = co_await effect<std::int64_t>(faults_, "sql", std::move(what), std::move(call));
    close_when_poisoned(result);
    co_return result;
  }
  std::string quote_identifier(const std::string& name) const override { return real_->quote_identifier(name); }
  std::string quote_literal(const std::string& value) const override { return real_->quote_literal(value); }
  Result<Secret> encrypt_password(const Secret& clear, const std::string& role) const override {
    return real_->encrypt_password(clear, role);
  }
  int server_version() const override { return real_->server_version(); }
  int backend_pid() const override { return real_->backend_pid(); }
  bool usable() const override { return real_->usable(); }
  const std::string& server() const override { return real_->server(); }
  void close() override { real_->close(); }

 private:
  template <class T>
  void close_when_poisoned(const Result<T>& result) {
    if (!result && result.error().poisons_session) real_->close();
  }

  Faults& faults_;
  SessionPtr real_;
};

class FaultySessions final : public SessionFactory {
 public:
  FaultySessions(Faults& faults, std::unique_ptr<SessionFactory> real) : faults_(faults), real_(std::move(real)) {}
  Task<Result<SessionPtr>> open(ConnectionSpec connection, SessionOptions options) override {
    auto opened = co_await real_->open(std::move(connection), std::move(options));
    if (!opened) co_return std::move(opened).error();
    SessionPtr faulty = std::make_unique<FaultySession>(faults_, *std::move(opened));
    co_return faulty;
  }

 private:
  Faults& faults_;
  std::unique_ptr<SessionFactory> real_;
};

}  // namespace

std::unique_ptr<SessionFactory> with_faults(Faults& faults, std::unique_ptr<SessionFactory> real) {
  return std::make_unique<FaultySessions>(faults, std::move(real));
}

}  // namespace pgconvoy::faults
