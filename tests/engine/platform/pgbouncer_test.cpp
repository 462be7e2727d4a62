#include "engine/platform/pgbouncer.hpp"

#include <fmt/format.h>

#include "engine/platform/pgbouncer_console.hpp"
#include "engine/platform/pgbouncer_file.hpp"
#include "tests/engine/platform/temporary_directory.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;

namespace {

// What a pgbouncer with one alias would do, 1.18's manners included: PAUSE answers only when nothing is in use, RELOAD is
// always well, RESUME of what isn't paused is an error.
struct FakePooler {
  std::string file;  // its databases.ini
  bool paused = false;
  int in_use = 0;
  bool reads_file = true;
  std::vector<std::string> commands;
  PoolerPlace place;

  void reload() {
    std::ifstream stream(file, std::ios::binary);
    const PgbouncerFile text(std::string(std::istreambuf_iterator<char>(stream), {}));
    if (auto found = text.place("shop"); found && reads_file) place = *found;
  }
};

class FakeConsole final : public Session {
 public:
  explicit FakeConsole(FakePooler& pooler) : pooler_(pooler) {}
  Task<Result<Rows>> query(std::string, std::vector<Value>, std::optional<Seconds>) override { co_return Rows{}; }
  Task<Result<std::vector<Rows>>> script(std::string sql, std::optional<Seconds>) override {
    std::vector<Rows> answers;
    if (sql == "SHOW DATABASES") {
      Rows rows{{"name", "host", "port", "database", "pool_mode", "paused"},
                {{"shop", pooler_.place.host, pooler_.place.port, pooler_.place.database, std::nullopt, pooler_.paused ? "1" : "0"}},
                0};
      answers.push_back(std::move(rows));
      co_return answers;
    }
    if (sql == "SHOW CONFIG") {
      answers.push_back({{"key", "value"}, {{"pool_mode", "transaction"}}, 0});
      co_return answers;
    }
    if (sql == "SHOW POOLS") {
      answers.push_back({{"database", "sv_active"}, {{"shop", std::to_string(pooler_.in_use)}}, 0});
      co_return answers;
    }
    pooler_.commands.push_back(sql);
    if (sql == "PAUSE shop") {
      pooler_.paused = true;
      if (pooler_.in_use > 0) co_await sleep_for(Seconds(30));
    } else if (sql == "KILL shop") {
      pooler_.in_use = 0;
    } else if (sql == "RESUME shop") {
      if (!pooler_.paused) co_return Error(ErrorKind::sql, "database shop is not paused");
      pooler_.paused = false;
    } else if (sql == "RELOAD") {
      pooler_.reload();
    }
    co_return answers;
  }
  Task<Result<void>> copy_out(std::string, CopySink, std::optional<Seconds>) override { co_return Result<void>{}; }
  std::string quote_identifier(const std::string& name) const override { return name; }
  std::string quote_literal(const std::string& value) const override { return value; }
  Result<Secret> encrypt_password(const Secret&, const std::string&) const override { return Secret(); }
  int server_version() const override { return 0; }
  int backend_pid() const override { return 1; }
  bool usable() const override { return true; }
  const std::string& server() const override { return name_; }
  void close() override {}

 private:
  FakePooler& pooler_;
  std::string name_ = "pooler p";
};

class FakeConsoles final : public SessionFactory {
 public:
  explicit FakeConsoles(FakePooler& pooler) : pooler_(pooler) {}
  Task<Result<SessionPtr>> open(ConnectionSpec connection, SessionOptions options) override {
    CHECK(options.console);
    CHECK(connection.keywords["dbname"] == "pgbouncer");
    SessionPtr session = std::make_unique<FakeConsole>(pooler_);
    co_return session;
  }

 private:
  FakePooler& pooler_;
};

class NoPasswordPrograms final : public ProcessLauncher {
 public:
  Task<Result<ProcessResult>> run(ProcessSpec) override { co_return Error(ErrorKind::process, "no programs here"); }
  void kill_all() override {}
  void end_for(const std::string&) override {}
};

constexpr auto kPrivate = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;

struct PoolerWorld {
  testing::TemporaryDirectory directory;
  asio::io_context loop{1};
  asio::thread_pool pool{2};  // goes first: its threads wake the loop
  FakePooler fake;
  FakeConsoles consoles{fake};
  NoPasswordPrograms programs;
  Credentials credentials{programs};
  std::unique_ptr<PoolerController> controller = make_pgbouncer_controller(pool, consoles, credentials);
  Pooler pooler{"p", "r", "pgbouncer", "postgresql://admin@127.0.0.1:6432", {}, "", {}};
  CallIdentity who{"k3x9aq-r1", 4, "step", 2};
  const PoolerPlace there{"10.0.0.2", "5433", "shop"};

  PoolerWorld() {
    pooler.config_file = fake.file = directory / "databases.ini";
    directory.write("databases.ini", "[databases]\nshop = host=10.0.0.1 dbname=shop pool_size=3\n", kPrivate);
    fake.reload();
  }
  template <class T>
  T run(Task<T> task) {
    return testing::run_on(loop, std::move(task));
  }
};

}  // namespace

TEST_CASE("pgbouncer: an alias is paused, led elsewhere and resumed, each as often as one likes") {
  PoolerWorld world;
  for (int i = 0; i < 2; ++i) REQUIRE(world.run(world.controller->pause(world.who, world.pooler, "shop", Seconds(1))));
  CHECK(world.fake.paused);
  for (int i = 0; i < 2; ++i) REQUIRE(world.run(world.controller->repoint(world.who, world.pooler, "shop", world.there)));
  CHECK(world.fake.place == world.there);
  CHECK(world.directory.read("databases.ini") == "[databases]\nshop = host=10.0.0.2 dbname=shop pool_size=3 port=5433\n");
  CHECK(std::filesystem::status(world.pooler.config_file).permissions() == kPrivate);
  for (int i = 0; i < 2; ++i) REQUIRE(world.run(world.controller->resume(world.who, world.pooler, "shop")));
  CHECK(world.fake.commands == std::vector<std::string>{"PAUSE shop", "RELOAD", "RELOAD", "RESUME shop"});
}

TEST_CASE("pgbouncer: what is in use for longer than it may is ended, and the alias stays paused") {
  PoolerWorld world;
  world.fake.in_use = 1;
  REQUIRE(world.run(world.controller->pause(world.who, world.pooler, "shop", Seconds(0.05))));
  CHECK(world.fake.commands == std::vector<std::string>{"PAUSE shop", "KILL shop"});
  CHECK(world.fake.paused);
}

TEST_CASE("pgbouncer: a lower epoch of the same run is refused, and changes nothing") {
  PoolerWorld world;
  REQUIRE(world.run(world.controller->pause(world.who, world.pooler, "shop", Seconds(1))));
  CallIdentity older = world.who;
  older.epoch = 1;
  CHECK(world.run(world.controller->resume(older, world.pooler, "shop")).error().kind == ErrorKind::conflict);
  CHECK(world.run(world.controller->repoint(older, world.pooler, "shop", world.there)).error().kind == ErrorKind::conflict);
  CHECK(world.fake.paused);
  CHECK(world.fake.place.host == "10.0.0.1");
}

TEST_CASE("pgbouncer: a reload that pgbouncer didn't take is an error that says where the alias leads now") {
  PoolerWorld world;
  world.fake.reads_file = false;
  const auto led = world.run(world.controller->repoint(world.who, world.pooler, "shop", world.there));
  REQUIRE_FALSE(led);
  CHECK_THAT(led.error().message, Catch::Matchers::Contains("leads it to 10.0.0.1:5432/shop"));
}

TEST_CASE("pgbouncer: what is said of an alias beforehand") {
  PoolerWorld world;
  auto facts = world.run(world.controller->inspect(world.pooler, "shop"));
  REQUIRE(facts);
  CHECK(facts->known);
  CHECK(facts->unreadable_because.empty());
  CHECK(facts->leads_to == "10.0.0.1:5432");
  CHECK(facts->pool_mode == "transaction");

  world.fake.place.port = "7";
  CHECK_THAT(world.run(world.controller->inspect(world.pooler, "shop"))->unreadable_because,
             Catch::Matchers::Contains("10.0.0.1:5432/shop") && Catch::Matchers::Contains("10.0.0.1:7/shop"));
  // Only `*` stands for it.
  world.directory.write("databases.ini", "[databases]\n* = host=10.0.0.1\n", kPrivate);
  facts = world.run(world.controller->inspect(world.pooler, "shop"));
  CHECK_FALSE(facts->known);
  CHECK(facts->unreadable_because.empty());
  std::filesystem::remove(world.pooler.config_file);
  CHECK_THAT(world.run(world.controller->inspect(world.pooler, "shop"))->unreadable_because, Catch::Matchers::Contains("databases.ini"));
}

TEST_CASE("pgbouncer: its console takes plain names up to 63 bytes, and up to 61 in quotes") {
  CHECK(PgbouncerConsole::can_name(std::string(63, 'a')));
  CHECK(PgbouncerConsole::can_name(std::string(60, 'a') + "-"));
  CHECK_FALSE(PgbouncerConsole::can_name(std::string(61, 'a') + "-"));
}
