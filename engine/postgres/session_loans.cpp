#include "engine/postgres/session_loans.hpp"

#include <algorithm>
#include <cctype>
#include <list>

#include "engine/postgres/libpq_session.hpp"

namespace pgconvoy {
namespace {

// What a session was opened with. Two that are equal have the same rights.
struct LoanedLogin {
  std::string server;
  std::map<std::string, std::string> keywords;
  Secret password;

  bool operator==(const LoanedLogin& other) const {
    return server == other.server && keywords == other.keywords && password.reveal() == other.password.reveal();
  }
};

std::string first_word(const std::string& sql) {
  std::string word;
  for (std::size_t at = std::min(sql.find_first_not_of(" \t\r\n"), sql.size()); at < sql.size() && std::isalpha(static_cast<unsigned char>(sql[at])); ++at)
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(sql[at])));
  return word;
}

// All settings, those that were pinned at the start too: a pooler in between takes none at the start, and forgets them.
std::string settings_sql(SessionOptions options) {
  options.settings.emplace_back("application_name", options.application_name);
  options.settings.emplace_back("client_encoding", "UTF8");
  return setting_script(options);
}

}  // namespace

struct SessionLoans::Idle {
  std::list<std::pair<LoanedLogin, SessionPtr>> sessions;

  SessionPtr take(const LoanedLogin& login) {
    const auto found = std::find_if(sessions.begin(), sessions.end(), [&login](const auto& entry) { return entry.first == login; });
    if (found == sessions.end()) return nullptr;
    SessionPtr session = std::move(found->second);
    sessions.erase(found);
    return session;
  }
};

namespace {

class LoanedSession final : public Session {
 public:
  LoanedSession(std::weak_ptr<SessionLoans::Idle> home, LoanedLogin login, SessionPtr session, Seconds limit)
      : home_(std::move(home)), login_(std::move(login)), session_(std::move(session)), limit_(limit) {}
  ~LoanedSession() override {
    const auto home = home_.lock();
    if (home && !in_transaction_ && session_->usable()) home->sessions.emplace_back(std::move(login_), std::move(session_));
  }
  LoanedSession(const LoanedSession&) = delete;
  LoanedSession& operator=(const LoanedSession&) = delete;

  // The session underneath has the limit of whoever opened it first.
  Task<Result<Rows>> query(std::string sql, std::vector<Value> parameters, std::optional<Seconds> limit) override {
    note(sql);
    co_return co_await session_->query(std::move(sql), std::move(parameters), limit.value_or(limit_));
  }
  Task<Result<std::vector<Rows>>> script(std::string sql, std::optional<Seconds> limit) override {
    note(sql);
    co_return co_await session_->script(std::move(sql), limit.value_or(limit_));
  }
  Task<Result<void>> copy_out(std::string sql, CopySink sink, std::optional<Seconds> silence) override {
    co_return co_await session_->copy_out(std::move(sql), std::move(sink), silence.value_or(limit_));
  }
  Task<Result<void>> copy_out_pieces(std::string sql, CopyTaker taker, std::optional<Seconds> silence) override {
    co_return co_await session_->copy_out_pieces(std::move(sql), std::move(taker), silence.value_or(limit_));
  }
  Task<Result<std::int64_t>> copy_in(std::string sql, CopyGiver giver, std::optional<Seconds> silence) override {
    co_return co_await session_->copy_in(std::move(sql), std::move(giver), silence.value_or(limit_));
  }

  std::string quote_identifier(const std::string& name) const override { return session_->quote_identifier(name); }
  std::string quote_literal(const std::string& value) const override { return session_->quote_literal(value); }
  Result<Secret> encrypt_password(const Secret& clear, const std::string& role) const override { return session_->encrypt_password(clear, role); }
  int server_version() const override { return session_->server_version(); }
  int backend_pid() const override { return session_->backend_pid(); }
  bool usable() const override { return session_->usable(); }
  const std::string& server() const override { return session_->server(); }
  void close() override { session_->close(); }

 private:
  void note(const std::string& sql) {
    const std::string word = first_word(sql);
    if (word == "begin" || word == "start") in_transaction_ = true;
    if (word == "rollback" || word == "commit") in_transaction_ = false;
  }

  std::weak_ptr<SessionLoans::Idle> home_;
  LoanedLogin login_;
  SessionPtr session_;
  Seconds limit_;
  bool in_transaction_ = false;
};

// Two round trips: DISCARD ALL stands alone. The limit of these statements is the one that the last of them sets, so that
// the session underneath knows what the server has.
Task<Result<void>> make_as_new(Session& session, SessionOptions options) {
  std::string discard = "discard all", set = settings_sql(options);
  std::vector<Value> none;
  CO_TRY_VOID(co_await session.query(std::move(discard), none, options.statement_limit));
  CO_TRY_VOID(co_await session.script(std::move(set), options.statement_limit));
  if (session.server_version() < 140000) co_return Result<void>();
  // As at its opening; a server whose system can't do that refuses, and that is all.
  std::string look = "set client_connection_check_interval = '1s'";
  (void)co_await session.script(std::move(look), options.statement_limit);
  co_return Result<void>();
}

}  // namespace

SessionLoans::SessionLoans(SessionFactory& factory, std::vector<std::pair<std::string, std::string>> base)
    : factory_(factory), base_(std::move(base)), idle_(std::make_shared<Idle>()) {}

SessionLoans::~SessionLoans() = default;

Task<Result<SessionPtr>> SessionLoans::open(ConnectionSpec connection, SessionOptions options) {
  LoanedLogin login{connection.server, connection.keywords, connection.password};
  std::vector<std::pair<std::string, std::string>> wanted = base_;
  for (auto& setting : options.settings)
    if (std::find(base_.begin(), base_.end(), setting) == base_.end()) wanted.push_back(setting);
  options.settings = wanted;
  while (SessionPtr session = idle_->take(login)) {
    auto renewed = co_await make_as_new(*session, options);
    if (renewed) co_return std::make_unique<LoanedSession>(idle_, std::move(login), std::move(session), options.statement_limit);
    if (renewed.error().kind == ErrorKind::cancelled) co_return renewed.error();
  }
  // What RESET ALL goes back to are the settings of the start: of them only those that everybody has.
  SessionOptions first = options;
  first.settings = base_;
  auto opened = co_await factory_.open(std::move(connection), std::move(first));
  if (!opened) co_return std::move(opened).error();
  SessionPtr session = *std::move(opened);
  if (options.settings.size() > base_.size()) {
    std::string set = settings_sql(options);
    CO_TRY_VOID(co_await session->script(std::move(set), options.statement_limit));
  }
  co_return std::make_unique<LoanedSession>(idle_, std::move(login), std::move(session), options.statement_limit);
}

}  // namespace pgconvoy
