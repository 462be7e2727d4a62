#include <signal.h>
#include <unistd.h>

#include "engine/platform/exec_platform.hpp"
#include "tests/engine/platform/temporary_directory.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

// Asio wants results that have a default.
Task<std::vector<Result<ProgramAnswer>>> as_list(Task<Result<ProgramAnswer>> task) {
  std::vector<Result<ProgramAnswer>> list;
  list.push_back(co_await std::move(task));
  co_return list;
}

// A site's program as a shell script in a directory of its own; $3 is the verb.
struct Site {
  testing::TemporaryDirectory directory;
  std::unique_ptr<ProcessLauncher> launcher = make_process_launcher();
  asio::io_context loop{1};
  std::vector<std::string> logged;
  ProgramLog log = [this](const std::string& subject, const std::string& line) { logged.push_back(subject + " | " + line); };
  Environment environment;
  CallIdentity who{"k3x9aq-r7", 42, "with_maintenance_page/page_on@shop-live", 3};

  explicit Site(const std::string& script) {
    directory.write("site", "#!/bin/sh\ncd '" + directory.path.string() + "'\n" + script + "\n", fs::perms::owner_all);
    environment.id = "shop-live";
    environment.application = "shop";
    environment.controller.kind = "exec";
    environment.controller.program.command = {directory / "site", "--site", "eu"};
    environment.controller.program.limit = Seconds(20);
    environment.controller.program.options = {{"app", "shop"}};
    environment.bindings = {{"shop-db", {{"DATABASE_URL", "url"}, {"PGHOST", "host"}}, {}}};
  }

  template <class T>
  T run(Task<T> task) {
    return testing::run_on(loop, std::move(task));
  }
  Result<ProgramAnswer> call(const std::string& verb, std::map<std::string, Secret> secrets = {}) {
    ProgramRequest request = request_for(environment, verb);
    request.who = who;
    request.secrets = std::move(secrets);
    return run(as_list(call_program(*launcher, std::move(request), log))).front();
  }
  std::unique_ptr<AppController> controller() { return make_exec_controller(*launcher, log); }
  std::string log_text() const {
    std::string text;
    for (const auto& line : logged) text += line + "\n";
    return text;
  }
};

const std::string kUrl = "postgres://shop:s3cretpassword@127.0.0.1:5413/shop?sslmode=disable";
const std::string kHoldsUrl = R"(echo '{"variables": {"DATABASE_URL": ")" + kUrl + R"(", "PGHOST": "127.0.0.1"}}')";

}  // namespace

TEST_CASE("exec: the verb comes last, the document on stdin says who asks, about what, with which options") {
  Site site("echo \"$@\" > arguments; cat > document; echo '{}'");
  REQUIRE(site.call("page_on"));
  CHECK(site.directory.read("arguments") == "--site eu page_on\n");
  const json document = json::parse(site.directory.read("document"));
  CHECK(document["protocol"] == 1);
  CHECK(document["verb"] == "page_on");
  CHECK(document["options"] == json{{"app", "shop"}});
  CHECK(document["environment"]["id"] == "shop-live");
  CHECK(document["call"] == json{{"run", "k3x9aq-r7"},
                                 {"target", 42},
                                 {"step", "with_maintenance_page/page_on@shop-live"},
                                 {"epoch", 3},
                                 {"key", "k3x9aq-r7/42/with_maintenance_page/page_on@shop-live"}});
}

TEST_CASE("exec: secrets come by a descriptor, and nowhere else") {
  Site site("cat <&$PGCONVOY_SECRETS_FD > secrets; cat > document; tr '\\0' '\\n' < /proc/$$/environ > environment\n"
            "tr '\\0' ' ' < /proc/$$/cmdline > arguments; echo \"I was given $(cat secrets) and a s3cretpassword\" >&2; echo '{}'");
  REQUIRE(site.call("write_binding", {{"PGPASSWORD", Secret("s3cretpassword")}}));
  CHECK(json::parse(site.directory.read("secrets")) == json{{"PGPASSWORD", "s3cretpassword"}});
  for (const char* file : {"document", "environment", "arguments"}) CHECK_THAT(site.directory.read(file), !Contains("s3cretpassword"));
  CHECK_THAT(site.log_text(), Contains("I was given") && !Contains("s3cretpassword"));
}

TEST_CASE("exec: a password that a program prints where it fails stands in no error") {
  Site site("echo 'could not set s3cretpassword' >&2\n"
            "echo '{\"error\": {\"message\": \"s3cretpassword is too short\", \"remedy\": \"not s3cretpassword\"}}'; exit 1");
  const auto failed = site.call("write_binding", {{"PGPASSWORD", Secret("s3cretpassword")}});
  REQUIRE(!failed);
  CHECK_THAT(describe(failed.error()), !Contains("s3cretpassword") && Contains("is too short"));
  Site hangs("echo 'setting s3cretpassword' >&2; exec sleep 60");
  hangs.environment.controller.program.limit = Seconds(0.3);
  const auto late = hangs.call("write_binding", {{"PGPASSWORD", Secret("s3cretpassword")}});
  REQUIRE(!late);
  CHECK_THAT(describe(late.error()), !Contains("s3cretpassword"));
}

TEST_CASE("exec: nor does a password that stands inside a URL, however it is written") {
  Site site("echo 'password p@s/s\"word, p%40s%2Fs%22word' >&2\n"
            "echo '{\"error\": {\"message\": \"no login with p@s/s\\\"word\", \"remedy\": \"not p%40s%2Fs%22word\"}}'; exit 1");
  const auto failed = site.call("write_binding", {{"DATABASE_URL", Secret("postgres://shop:p%40s%2Fs%22word@127.0.0.1/shop")}});
  REQUIRE(!failed);
  CHECK_THAT(describe(failed.error()), Contains("no login with ***") && !Contains("word"));
  CHECK_THAT(site.log_text(), Contains("password ***, ***"));
  Site starts("case $3 in read_binding) " + kHoldsUrl + ";; *) echo 'no login with s3cretpassword' >&2; exit 1;; esac");
  auto controller = starts.controller();
  REQUIRE(starts.run(controller->read_binding(starts.environment, starts.environment.bindings[0])));
  const auto started = starts.run(controller->start(starts.who, starts.environment));
  REQUIRE(!started);
  CHECK_THAT(describe(started.error()), Contains("no login with ***") && !Contains("s3cretpassword"));
}

TEST_CASE("exec: a program that asks to try again is called again, one that does so for ever runs into its limit") {
  Site site("echo x >> calls; [ $(wc -l < calls) -ge 3 ] && { echo '{}'; exit 0; }; echo busy >&2; exit 75");
  REQUIRE(site.call("page_on"));
  CHECK(site.directory.read("calls") == "x\nx\nx\n");
  Site never("echo '{\"error\": {\"message\": \"the scheduler is busy\"}}'; exit 75");
  never.environment.controller.program.limit = Seconds(0.5);
  const auto late = never.call("page_on");
  REQUIRE(!late);
  CHECK(late.error().kind == ErrorKind::timeout);
  CHECK(late.error().retryable);
  CHECK_FALSE(late.error().outcome_unknown);
  CHECK_THAT(late.error().message, Contains("environment shop-live: site page_on") && Contains("the scheduler is busy"));
}

TEST_CASE("exec: a program that hangs is ended with its children, and what it did is not known") {
  Site site("sleep 300 & echo $! > child; echo waiting >&2; wait");
  site.environment.controller.program.limit = Seconds(0.5);
  const auto late = site.call("stop");
  REQUIRE(!late);
  CHECK(late.error().kind == ErrorKind::timeout);
  CHECK(late.error().outcome_unknown);
  CHECK_THAT(late.error().message, Contains("waiting"));
  const pid_t child = std::stoi(site.directory.read("child"));
  for (int i = 0; i < 500 && fs::exists("/proc/" + std::to_string(child) + "/exe"); ++i) ::usleep(10'000);
  CHECK_FALSE(fs::exists("/proc/" + std::to_string(child) + "/exe"));
}

TEST_CASE("exec: what is no answer is a clear error that repeats nothing of it") {
  const std::vector<std::pair<std::string, std::string>> answers{
      {"", "answered nothing"},
      {"echo s3cretpassword", "no JSON document"},
      {"echo '{\"a\": \"s3cretpassword'", "no JSON document"},
      {"echo '{} {\"s3cretpassword\": 1}'", "no JSON document"},
      {"echo '[\"s3cretpassword\"]'", "a JSON array, not an object"},
      {"printf '\\377s3cretpassword'", "no JSON document"},
      {"echo '{\"error\": {\"message\": \"s3cretpassword\"}}'", "an error, and exit code 0"},
      {"head -c 1100000 /dev/zero | tr '\\0' s", "more than 1048576 bytes"},
  };
  for (const auto& [script, expected] : answers) {
    CAPTURE(script);
    Site site(script);
    const auto answer = site.call("inspect");
    REQUIRE(!answer);
    CHECK_THAT(answer.error().message, Contains(expected));
    CHECK_THAT(describe(answer.error()), !Contains("s3cretpassword"));
    CHECK_THAT(answer.error().remedy, Contains("docs/platform.md"));
  }
}

TEST_CASE("exec: a program that isn't there, fails, or dies") {
  Site site("exit 0");
  site.environment.controller.program.command = {site.directory / "nothing"};
  const auto absent = site.call("inspect");
  CHECK(absent.error().kind == ErrorKind::not_found);
  CHECK_THAT(absent.error().remedy, Contains("command"));
  Site fails("printf 'first\\nno such app\\033[31m shop\\n' >&2; exit 3");
  CHECK_THAT(fails.call("inspect").error().message, Contains("exit code 3") && Contains("no such app") && !Contains("\033"));
  Site dies("kill -9 $$");
  const auto died = dies.call("stop");
  CHECK_THAT(died.error().message, Contains("signal 9"));
  CHECK(died.error().outcome_unknown);
}

TEST_CASE("exec: a lower epoch that the program refuses is a conflict, and its remedy is handed on") {
  Site site(R"sh(epoch=$(sed 's/.*"epoch":\([0-9]*\).*/\1/')
    [ "$epoch" -ge "$(cat highest 2>/dev/null || echo 0)" ] || {
      echo '{"error": {"kind": "conflict", "message": "epoch 3 was here", "remedy": "leave it"}}'; exit 1; }
    echo "$epoch" > highest; echo '{}')sh");
  auto controller = site.controller();
  REQUIRE(site.run(controller->page_on(site.who, site.environment)));
  site.who.epoch = 2;
  const auto refused = site.run(controller->page_off(site.who, site.environment));
  REQUIRE(!refused);
  CHECK(refused.error().kind == ErrorKind::conflict);
  CHECK(refused.error().remedy == "leave it");
  site.who.epoch = 4;
  CHECK(site.run(controller->page_off(site.who, site.environment)));
}

TEST_CASE("exec: a controller reads what it asks for, strictly") {
  Site site("case $3 in inspect) echo '{\"running\": true, \"healthy\": false, \"page_is_on\": true, \"detail\": \"503\", \"more\": 1}';;\n"
            "health) echo '{\"healthy\": true}';; page_is_on) echo '{\"page_is_on\": \"yes\"}';; is_running) echo '{}';;\n"
            "read_binding) " + kHoldsUrl + ";; esac");
  auto controller = site.controller();
  CHECK(controller->controls_application());
  const auto facts = site.run(controller->inspect(site.environment));
  REQUIRE(facts);
  CHECK((facts->running && !facts->healthy && facts->page_is_on));
  CHECK(facts->detail == "503");
  CHECK(facts->bound_to == std::map<std::string, std::string>{{"shop-live/DATABASE_URL", "127.0.0.1:5413/shop"},
                                                              {"shop-live/PGHOST", "127.0.0.1"}});
  CHECK(site.run(controller->health(site.environment))->healthy);
  CHECK_THAT(site.run(controller->page_is_on(site.environment)).error().message, Contains("no \"page_is_on\" that is true or false"));
  CHECK_THAT(site.run(controller->is_running(site.environment)).error().message, Contains("no \"running\""));
}

TEST_CASE("exec: a binding is read and written as values of its variables") {
  Site site("case $3 in read_binding) echo 'reading " + kUrl + "' >&2; " + kHoldsUrl + ";;\n"
            "*) cat <&$PGCONVOY_SECRETS_FD > written; echo '{}';; esac");
  auto controller = site.controller();
  auto held = site.run(controller->read_binding(site.environment, site.environment.bindings[0]));
  REQUIRE(held);
  CHECK(held->keywords.at("port") == "5413");
  CHECK(held->password.reveal() == "s3cretpassword");
  CHECK_THAT(site.log_text(), Contains("reading ***") && !Contains("s3cretpassword"));
  ConnectionSpec next = *held;
  next.keywords["host"] = "10.0.0.15";
  REQUIRE(site.run(controller->write_binding(site.who, site.environment, site.environment.bindings[0], next)));
  CHECK(json::parse(site.directory.read("written")) ==
        json{{"DATABASE_URL", "postgres://shop:s3cretpassword@10.0.0.15:5413/shop?sslmode=disable"}, {"PGHOST", "10.0.0.15"}});
}

TEST_CASE("exec: a binding whose variables aren't set is not found, one with a line break is refused") {
  Site empty("echo '{\"variables\": {}}'");
  auto controller = empty.controller();
  const auto nothing = empty.run(controller->read_binding(empty.environment, empty.environment.bindings[0]));
  CHECK(nothing.error().kind == ErrorKind::not_found);
  CHECK_THAT(nothing.error().message, Contains("DATABASE_URL, PGHOST"));
  Site broken("echo '{\"variables\": {\"PGHOST\": \"a\\\\nb\"}}'");
  controller = broken.controller();
  CHECK(broken.run(controller->read_binding(broken.environment, broken.environment.bindings[0])).error().kind == ErrorKind::corrupt);
}

TEST_CASE("exec: a pooler is paused, repointed and resumed") {
  Site site("cat > $3; case $3 in inspect) echo '{\"known\": true, \"paused\": false, \"pool_mode\": \"session\", \"place\": {\"host\": \"h\", "
            "\"port\": \"5413\", \"database\": \"shop\"}}';; place) echo '{\"host\": \"h\", \"port\": 5413, \"database\": \"shop\"}';; *) echo '{}';; esac");
  Pooler pooler;
  pooler.id = "eu-pooler";
  pooler.kind = "exec";
  pooler.url = "postgresql://127.0.0.1:6432/";
  pooler.program = site.environment.controller.program;
  auto poolers = make_exec_pooler(*site.launcher, site.log);
  const auto facts = site.run(poolers->inspect(pooler, "shop"));
  REQUIRE(facts);
  CHECK(facts->leads_to == "h:5413");
  CHECK(facts->address == "127.0.0.1:6432");
  CHECK_THAT(site.run(poolers->place(pooler, "shop")).error().message, Contains("no \"port\" that is a text"));
  REQUIRE(site.run(poolers->pause(site.who, pooler, "shop", Seconds(5))));
  CHECK(json::parse(site.directory.read("pause"))["drain_seconds"] == 5);
  REQUIRE(site.run(poolers->repoint(site.who, pooler, "shop", {"new", "5415", "shop"})));
  const json repointed = json::parse(site.directory.read("repoint"));
  CHECK(repointed["place"] == json{{"host", "new"}, {"port", "5415"}, {"database", "shop"}});
  CHECK(repointed["alias"] == "shop");
  REQUIRE(site.run(poolers->resume(site.who, pooler, "shop")));
}

TEST_CASE("exec: an answer cut anywhere is an error, never half an answer") {
  const std::string whole = R"({"variables": {"DATABASE_URL": "postgres://a:s3cret@h/d", "N\u00e4me": "\"x\""}, "n": [1, -2.5e3, true, null]})";
  REQUIRE(read_answer("site", whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    const auto answer = read_answer("site", whole.substr(0, length));
    REQUIRE(!answer);
    CHECK_THAT(answer.error().message, !Contains("s3cret"));
    const Error failure = read_failure("site", 1, whole.substr(0, length), "said so");
    CHECK(failure.message == "site failed (exit code 1): said so");
  }
  // Every byte replaced by some others: an answer or an error, and no crash.
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const char other : {'\0', '"', '{', '}', '\\', '\xff', '9'}) {
      std::string changed = whole;
      changed[at] = other;
      const auto answer = read_answer("site", changed);
      if (answer) (void)answer->secrets("variables");
      else CHECK_THAT(answer.error().message, Contains("site answered") && !Contains("s3cret"));
    }
  CHECK(!read_answer("site", std::string(200'000, '[')));
  // A JSON document, but nothing that can be held: it was thrown past every catch.
  CHECK(read_answer("site", R"({"bytes": 1e5000})").error().message == "site answered a number that is out of range");
  CHECK(read_failure("site", 1, R"({"error": {"message": 1e5000}})", "a line").message == "site failed (exit code 1): a line");
}

TEST_CASE("exec: failures are of the kinds that a program may give") {
  const auto kind = [](const std::string& name) {
    return read_failure("site", 1, "{\"error\": {\"message\": \"m\", \"kind\": \"" + name + "\"}}", "").kind;
  };
  CHECK(kind("conflict") == ErrorKind::conflict);
  CHECK(kind("not_found") == ErrorKind::not_found);
  CHECK(kind("internal") == ErrorKind::process);
  CHECK(kind("cancelled") == ErrorKind::process);
  CHECK(kind("whatever") == ErrorKind::process);
  CHECK(read_failure("site", 1, "{\"error\": \"text\"}", "").kind == ErrorKind::process);
  CHECK(read_failure("site", 1, "{\"error\": {\"message\": 7}}", "").message == "site failed (exit code 1)");
}

TEST_CASE("exec: whether a server is backed up and monitored is asked of the site, strictly") {
  Site site("cat > document; if [ \"$3\" = care ]; then echo '{\"backed_up\": true, \"monitored\": false, \"detail\": \"no exporter\"}'; else exit 1; fi");
  Server server;
  server.id = "eu-pg15";
  server.service = "postgresql-database-15";
  server.care.command = {site.directory / "site", "--site", "eu"};
  server.care.limit = Seconds(20);
  const auto said = site.run(ask_care(*site.launcher, server, site.log));
  REQUIRE(said);
  CHECK(said->backed_up);
  CHECK_FALSE(said->monitored);
  CHECK(said->detail == "no exporter");
  const json document = json::parse(site.directory.read("document"));
  CHECK(document["server"]["id"] == "eu-pg15");
  CHECK(document["call"].is_null());

  Site vague("echo '{\"backed_up\": \"perhaps\"}'");
  server.care.command = {vague.directory / "site", "--site", "eu"};
  CHECK_FALSE(vague.run(ask_care(*vague.launcher, server, vague.log)));
}
