#include "engine/run/interrupt.hpp"

#include <csignal>

namespace pgconvoy {

struct Interruptible::State {
  std::optional<Error> why;
  std::set<int> programs;  // process groups
  std::set<std::pair<std::string, int>> backends;
  std::function<std::optional<Error>()> refusal;

  std::optional<Error> refused() const { return why || !refusal ? why : refusal(); }
};

namespace {

using InterruptState = std::shared_ptr<Interruptible::State>;

class InterruptibleSession final : public Session {
 public:
  InterruptibleSession(SessionPtr session, InterruptState state)
      : session_(std::move(session)), state_(std::move(state)), backend_(session_->server(), session_->backend_pid()) {
    state_->backends.insert(backend_);
  }
  ~InterruptibleSession() override { state_->backends.erase(backend_); }

  Task<Result<Rows>> query(std::string sql, std::vector<Value> parameters, std::optional<Seconds> limit) override {
    if (auto refused = state_->refused()) co_return *refused;
    co_return co_await session_->query(std::move(sql), std::move(parameters), limit);
  }
  Task<Result<std::vector<Rows>>> script(std::string sql, std::optional<Seconds> limit) override {
    if (auto refused = state_->refused()) co_return *refused;
    co_return co_await session_->script(std::move(sql), limit);
  }
  Task<Result<void>> copy_out(std::string sql, CopySink sink, std::optional<Seconds> silence) override {
    if (auto refused = state_->refused()) co_return *refused;
    co_return co_await session_->copy_out(std::move(sql), std::move(sink), silence);
  }
  Task<Result<void>> copy_out_pieces(std::string sql, CopyTaker taker, std::optional<Seconds> silence) override {
    if (auto refused = state_->refused()) co_return *refused;
    co_return co_await session_->copy_out_pieces(std::move(sql), std::move(taker), silence);
  }
  Task<Result<std::int64_t>> copy_in(std::string sql, CopyGiver giver, std::optional<Seconds> silence) override {
    if (auto refused = state_->refused()) co_return *refused;
    co_return co_await session_->copy_in(std::move(sql), std::move(giver), silence);
  }
  std::string quote_identifier(const std::string& name) const override { return session_->quote_identifier(name); }
  std::string quote_literal(const std::string& value) const override { return session_->quote_literal(value); }
  Result<Secret> encrypt_password(const Secret& clear, const std::string& role) const override {
    return session_->encrypt_password(clear, role);
  }
  int server_version() const override { return session_->server_version(); }
  int backend_pid() const override { return session_->backend_pid(); }
  bool usable() const override { return session_->usable(); }
  const std::string& server() const override { return session_->server(); }
  void close() override {
    state_->backends.erase(backend_);
    session_->close();
  }

 private:
  SessionPtr session_;
  InterruptState state_;
  std::pair<std::string, int> backend_;
};

class InterruptibleSessions final : public SessionFactory {
 public:
  InterruptibleSessions(SessionFactory& sessions, InterruptState state) : sessions_(sessions), state_(std::move(state)) {}

  Task<Result<SessionPtr>> open(ConnectionSpec connection, SessionOptions options) override {
    if (auto refused = state_->refused()) co_return *refused;
    auto opened = co_await sessions_.open(std::move(connection), std::move(options));
    if (!opened) co_return std::move(opened).error();
    SessionPtr session = std::make_unique<InterruptibleSession>(*std::move(opened), state_);
    co_return session;
  }

 private:
  SessionFactory& sessions_;
  InterruptState state_;
};

class InterruptiblePrograms final : public ProcessLauncher {
 public:
  InterruptiblePrograms(ProcessLauncher& processes, InterruptState state) : processes_(processes), state_(std::move(state)) {}

  Task<Result<ProcessResult>> run(ProcessSpec spec) override {
    if (auto refused = state_->refused()) co_return *refused;
    auto pid = std::make_shared<int>(0);
    spec.started = [pid, state = state_, told = std::move(spec.started)](int started) {
      *pid = started;
      state->programs.insert(started);
      if (told) told(started);
    };
    // Forgotten also when the work on it is given up: a number that was free again may be somebody else's.
    const Forget forget{pid, state_};
    auto ended = co_await processes_.run(std::move(spec));
    if (auto refused = state_->refused()) co_return *refused;
    co_return ended;
  }
  void kill_all() override { processes_.kill_all(); }
  void end_for(const std::string& holder) override { processes_.end_for(holder); }

 private:
  struct Forget {
    std::shared_ptr<int> pid;
    InterruptState state;
    ~Forget() { state->programs.erase(*pid); }
  };
  ProcessLauncher& processes_;
  InterruptState state_;
};

Services with(Services services, SessionFactory& sessions, ProcessLauncher& processes) {
  return {services.pool,        services.clock,        sessions,         processes,
          services.controllers, services.provisioners, services.poolers, services.credentials};
}

}  // namespace

Interruptible::Interruptible(Services services, std::function<std::optional<Error>()> refusal)
    : state_(std::make_shared<State>(State{{}, {}, {}, std::move(refusal)})),
      plain_(services),
      sessions_(std::make_unique<InterruptibleSessions>(services.sessions, state_)),
      processes_(std::make_unique<InterruptiblePrograms>(services.processes, state_)),
      decorated_(with(services, *sessions_, *processes_)) {}

Interruptible::~Interruptible() = default;

void Interruptible::interrupt(Error why) {
  state_->why = std::move(why);
  for (const int group : state_->programs) ::kill(-group, SIGKILL);
}

void Interruptible::go_on() { state_->why.reset(); }

bool Interruptible::is_interrupted() const { return state_->why.has_value(); }

const std::set<std::pair<std::string, int>>& Interruptible::backends() const { return state_->backends; }

}  // namespace pgconvoy
