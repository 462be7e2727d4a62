#include "engine/run/step_context.hpp"

#include <catch2/catch.hpp>

#include "tests/support/loop.hpp"

using namespace pgconvoy;

namespace {

class NoSession final : public Session {
 public:
  explicit NoSession(std::string server) : server_(std::move(server)) {}
  Task<Result<Rows>> query(std::string, std::vector<Value>, std::optional<Seconds>) override { co_return Rows{}; }
  Task<Result<std::vector<Rows>>> script(std::string, std::optional<Seconds>) override {
    co_return std::vector<Rows>{};
  }
  Task<Result<void>> copy_out(std::string, CopySink, std::optional<Seconds>) override { co_return Result<void>{}; }
  std::string quote_identifier(const std::string& name) const override { return name; }
  std::string quote_literal(const std::string& value) const override { return value; }
  Result<Secret> encrypt_password(const Secret&, const std::string&) const override { return Secret(); }
  int server_version() const override { return 130000; }
  int backend_pid() const override { return 1; }
  bool usable() const override { return usable_; }
  const std::string& server() const override { return server_; }
  void close() override { usable_ = false; }

 private:
  std::string server_;
  bool usable_ = true;
};

class CountingSessions final : public SessionFactory {
 public:
  Task<Result<SessionPtr>> open(ConnectionSpec connection, SessionOptions options) override {
    opened.push_back(connection.keywords["dbname"] + " as " + options.application_name);
    SessionPtr session = std::make_unique<NoSession>(connection.server);
    co_return session;
  }
  std::vector<std::string> opened;
};

class NoProcesses final : public ProcessLauncher {
 public:
  Task<Result<ProcessResult>> run(ProcessSpec) override { co_return Error(ErrorKind::process, "no programs here"); }
  void kill_all() override {}
  void end_for(const std::string&) override {}
};

class NoProvisioner final : public Provisioner {
 public:
  Task<Result<std::int64_t>> create_database(CallIdentity, Session&, DatabaseOrder) override { co_return 0; }
  Task<Result<void>> drop_database(CallIdentity, Session&, std::string, std::int64_t, std::string) override {
    co_return Result<void>{};
  }
  Task<Result<std::vector<std::string>>> create_roles(CallIdentity, Session&, std::vector<RoleOrder>) override {
    co_return std::vector<std::string>{};
  }
  Task<Result<std::vector<std::string>>> drop_roles(CallIdentity, Session&, std::vector<std::string>) override {
    co_return std::vector<std::string>{};
  }
};

// Holds one connection, or none, or can't be read.
class OneBinding final : public AppController {
 public:
  explicit OneBinding(Result<ConnectionSpec>& held) : held_(held) {}
  bool controls_application() const override { return true; }
  Task<Result<ApplicationFacts>> inspect(Environment) override { co_return ApplicationFacts{}; }
  Task<Result<Health>> health(Environment) override { co_return Health{}; }
  Task<Result<bool>> page_is_on(Environment) override { co_return false; }
  Task<Result<bool>> is_running(Environment) override { co_return false; }
  Task<Result<void>> page_on(CallIdentity, Environment) override { co_return Result<void>{}; }
  Task<Result<void>> page_off(CallIdentity, Environment) override { co_return Result<void>{}; }
  Task<Result<void>> stop(CallIdentity, Environment) override { co_return Result<void>{}; }
  Task<Result<void>> start(CallIdentity, Environment) override { co_return Result<void>{}; }
  Task<Result<ConnectionSpec>> read_binding(Environment, Binding) override { co_return held_; }
  Task<Result<void>> write_binding(CallIdentity, Environment, Binding, ConnectionSpec) override {
    co_return Result<void>{};
  }

 private:
  Result<ConnectionSpec>& held_;
};

ConnectionSpec connection(const std::string& port, const std::string& password) {
  ConnectionSpec spec;
  spec.keywords = {{"host", "127.0.0.1"}, {"port", port}, {"user", "shop"}, {"dbname", "shop"}};
  spec.password = Secret(password);
  return spec;
}

// One target: an environment with the instances "shop" and "stock", moved from "old" to "new".
struct World {
  World() {
    Fleet& fleet = plan.fleet;
    fleet.servers["old"] = {"old", "r", "s13", "postgresql://admin@127.0.0.1:5413/postgres", {}};
    fleet.servers["new"] = {"new", "r", "s15", "postgresql://admin@127.0.0.1:5415/postgres", {}};
    for (const char* id : {"shop", "stock"}) {
      Instance instance;
      instance.id = id;
      instance.server = "old";
      instance.database = instance.role = id;
      fleet.instances[id] = instance;
      planned.placements[id] = {"old", "new"};
    }
    Environment environment;
    environment.id = "shop-live";
    environment.region = "r";
    environment.controller.kind = "local";
    environment.bindings = {{"shop", {{"DATABASE_URL", "url"}}}, {"stock", {{"STOCK_URL", "url"}}}};
    fleet.environments["shop-live"] = environment;
    planned.number = 42;
    planned.target = {"shop-live", "r", {"shop-live"}, {"shop", "stock"}};
    work.journal_token = "k3x9aq";
    work.run = 7;
    work.record.epoch = 3;
    step.path = "bracket/fence_source@shop";
    step.operation = "fence_source";
    step.subject = "shop";
    controllers.add("local", std::make_unique<OneBinding>(held));
  }

  void record(const std::string& path, StepStatus status, std::int64_t started, json intent, json outcome = nullptr) {
    StepRecord& entry = work.record.steps[path];
    entry.path = path;
    entry.status = status;
    entry.first_started = started;
    entry.intent = std::move(intent);
    entry.outcome = std::move(outcome);
  }

  asio::thread_pool pool{1};
  SystemClock clock;
  CountingSessions sessions;
  NoProcesses processes;
  Result<ConnectionSpec> held = Error(ErrorKind::not_found, "the variables aren't set");
  AppControllers controllers;
  Provisioners provisioners{std::make_unique<NoProvisioner>()};
  PoolerControllers poolers;
  Credentials credentials{processes};
  Services services{pool, clock, sessions, processes, controllers, provisioners, poolers, credentials};
  Plan plan;
  PlannedTarget planned;
  TargetWork work{plan, planned, "", 0, {}, {}};
  StepPlan step;
  StepContext context{services, work, step, 1, [](Progress) {}};
};

}  // namespace

TEST_CASE("step context: names carry journal, run, target, instance and epoch") {
  World world;
  CHECK(world.context.created_database_name("shop") == "pgconvoy_k3x9aq_r7_t42_i1_e3");
  CHECK(world.context.fenced_database_name("stock") == "pgconvoy_k3x9aq_r7_t42_i2_e3_old");
  CHECK(world.context.application_name() == "pgconvoy/k3x9aq-r7/t42/e3");
  CHECK(world.context.identity().run == "k3x9aq-r7");
  CHECK(world.context.identity().target == 42);
  CHECK(world.context.identity().step == "bracket/fence_source@shop");
  CHECK(world.context.identity().epoch == 3);
}

TEST_CASE("step context: knows the subject, its servers and who binds it") {
  World world;
  CHECK(world.context.instance().database == "shop");
  CHECK(world.context.source_server("shop").id == "old");
  CHECK(world.context.target_server("shop").id == "new");
  const auto bindings = world.context.bindings_of("stock");
  REQUIRE(bindings.size() == 1);
  CHECK(bindings[0].first->id == "shop-live");
  CHECK(bindings[0].second->variables.count("STOCK_URL") == 1);
  CHECK(world.context.bindings_of("nobody's").empty());
}

TEST_CASE("step context: what an earlier step said, by operation and subject wherever it stands") {
  World world;
  world.record("reprovision@shop", StepStatus::succeeded, 1, "intent 1", "outcome 1");
  world.record("bracket/reprovision@stock", StepStatus::started, 2, "intent 2");
  world.record("collect", StepStatus::succeeded, 3, "intent 3", "outcome 3");
  world.record("bracket/redeploy@odd/na#me@x", StepStatus::succeeded, 4, "intent 4", "outcome 4");
  CHECK(world.context.outcome_of("reprovision", "shop") == "outcome 1");
  CHECK(world.context.intent_of("reprovision", "stock") == "intent 2");
  CHECK(world.context.outcome_of("reprovision", "stock").is_null());
  CHECK(world.context.outcome_of("collect", "") == "outcome 3");
  CHECK(world.context.outcome_of("redeploy", "odd/na#me@x") == "outcome 4");
  CHECK(world.context.intent_of("reprovision", "").is_null());
  CHECK(world.context.intent_of("provision", "shop").is_null());
  CHECK(world.context.outcome<std::string>("collect", "") == "outcome 3");
  CHECK_FALSE(world.context.outcome<std::string>("collect", "shop").has_value());
}

TEST_CASE("step context: of steps that occur again the latest counts, and what was undone doesn't") {
  World world;
  world.record("redeploy#2@shop", StepStatus::succeeded, 9, "second", "second");
  world.record("redeploy@shop", StepStatus::succeeded, 5, "first", "first");
  CHECK(world.context.outcome_of("redeploy", "shop") == "second");
  world.record("redeploy#2@shop", StepStatus::undone, 9, "second", "second");
  CHECK(world.context.outcome_of("redeploy", "shop") == "first");
  world.record("redeploy@shop", StepStatus::undo_failed, 5, "first", "first");
  CHECK(world.context.intent_of("redeploy", "shop") == "first");
  world.record("redeploy@shop", StepStatus::undone, 5, "first", "first");
  CHECK(world.context.intent_of("redeploy", "shop").is_null());
}

TEST_CASE("step context: a maintenance session is opened once for each server, and again when it was lost") {
  World world;
  auto first = testing::run(world.context.maintenance("old"));
  REQUIRE(first.has_value());
  CHECK(testing::run(world.context.maintenance("old")).value() == *first);
  CHECK(testing::run(world.context.maintenance("new")).has_value());
  CHECK(world.sessions.opened ==
        std::vector<std::string>{"postgres as pgconvoy/k3x9aq-r7/t42/e3", "postgres as pgconvoy/k3x9aq-r7/t42/e3"});
  (*first)->close();
  auto again = testing::run(world.context.maintenance("old"));
  REQUIRE(again.has_value());
  CHECK((*again)->usable());
  CHECK(world.sessions.opened.size() == 3);
  CHECK(testing::run(world.context.maintenance("nowhere")).error().kind == ErrorKind::not_found);
}

TEST_CASE("step context: open() goes into the asked database under the target's name, unless told another") {
  World world;
  SessionOptions options;
  CHECK(testing::run(world.context.open("new", "a\"b", options)).has_value());
  options.application_name = "mine";
  CHECK(testing::run(world.context.open("new", "c", options)).has_value());
  CHECK(world.sessions.opened == std::vector<std::string>{"a\"b as pgconvoy/k3x9aq-r7/t42/e3", "c as mine"});
}

TEST_CASE("step context: the app's connection is what its binding holds, on the server that it leads to") {
  World world;
  world.held = connection("5415", "geheim");
  auto found = testing::run(world.context.app_connections("shop"));
  REQUIRE(found.has_value());
  REQUIRE(found->size() == 1);
  CHECK(found->front().password == Secret("geheim"));
  CHECK(found->front().server == "new");
  world.held = connection("5413", "geheim");
  CHECK(testing::run(world.context.app_connections("shop")).value().front().server == "old");
}

TEST_CASE("step context: without a password in the binding the fleet's is used, and nobody's is none") {
  World world;
  world.held = connection("5413", "");
  CHECK(testing::run(world.context.app_connections("shop")).value().empty());
  world.held = Error(ErrorKind::not_found, "the variables aren't set");
  CHECK(testing::run(world.context.app_connections("shop")).value().empty());

  setenv("PGCONVOY_TEST_SHOP_PASSWORD", "of the fleet", 1);
  world.plan.fleet.instances["shop"].password.environment = "PGCONVOY_TEST_SHOP_PASSWORD";
  const auto found = testing::run(world.context.app_connections("shop")).value();
  // Another role's password in the binding does not stand for the fleet's role.
  world.held = connection("5413", "geheim");
  world.held->keywords["user"] = "reader";
  const auto both = testing::run(world.context.app_connections("shop")).value();
  unsetenv("PGCONVOY_TEST_SHOP_PASSWORD");
  REQUIRE(found.size() == 1);
  CHECK(found[0].password == Secret("of the fleet"));
  CHECK(found[0].keywords.at("user") == "shop");
  CHECK(found[0].keywords.at("dbname") == "shop");
  CHECK(found[0].keywords.at("port") == "5413");
  REQUIRE(both.size() == 2);
  CHECK(both[0].keywords.at("user") == "reader");
  CHECK(both[1].keywords.at("user") == "shop");
}

TEST_CASE("step context: a binding that can't be read is not a password that nobody knows") {
  World world;
  world.held = Error(ErrorKind::io, "permission denied");
  const auto found = testing::run(world.context.app_connections("shop"));
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().kind == ErrorKind::io);
}
