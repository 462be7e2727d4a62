#include "engine/fleet/file.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <ctime>
#include <fstream>

#include "tests/engine/fleet/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;
using Catch::Matchers::Contains;

namespace {

// A folder that is removed at the end of the test.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "pgconvoy-fleet-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
    return path / name;
  }
};

}  // namespace

TEST_CASE("fleet file: everything in the example is read, paths are absolute") {
  const LoadedFleet loaded = parse_fleet(kExample, "/fleet");
  CHECK(format_problems("fleet.yaml", loaded.problems) == "");
  const Fleet& fleet = loaded.fleet;
  CHECK(fleet.regions.at("eu-west").concurrency == 2);
  CHECK(fleet.regions.at("us-east").concurrency == std::nullopt);

  const Server& server = fleet.servers.at("eu-west-pg13");
  CHECK(server.id == "eu-west-pg13");
  CHECK(server.service == "postgresql-database-13");
  CHECK(server.url == "postgresql://postgres@127.0.0.1:5433/postgres");
  CHECK(server.password == PasswordSource{"", "", "/fleet/secrets/admin.passfile", {}});

  const Environment& environment = fleet.environments.at("shop-live");
  CHECK(environment.application == "shop");
  CHECK(environment.downtime_budget == Seconds(300));
  const ControllerSpec& controller = environment.controller;
  CHECK(controller.kind == "local");
  CHECK(controller.directory == "/fleet/apps/shop-live");
  CHECK(controller.start == std::vector<std::string>{"./run"});
  CHECK(controller.env_file == "/fleet/apps/shop-live/env");
  CHECK(controller.pid_file == "/fleet/apps/shop-live/app.pid");
  CHECK(controller.log_file == "/fleet/apps/shop-live/app.log");
  CHECK(controller.maintenance_file == "/fleet/nginx/maintenance/shop-live");
  REQUIRE(environment.bindings.size() == 1);
  CHECK(environment.bindings[0].variables == std::map<std::string, std::string>{{"DATABASE_URL", "url"}});

  const Instance& instance = fleet.instances.at("shop-live-db");
  CHECK(instance.state == "provisioned");
  CHECK(instance.labels.at("team") == "a");
}

TEST_CASE("fleet file: what YAML 1.1 takes for numbers, truth values and dates stays text") {
  for (const std::string text :
       {"no", "yes", "013", "0x10", "1e3", "2001-01-01", "12:30:00", "true", ".inf", "1_000"}) {
    const LoadedFleet loaded = parse_fleet(changed("database: shop_live", "database: " + text), "/fleet");
    CAPTURE(text);
    CHECK(loaded.problems.empty());
    CHECK(loaded.fleet.instances.at("shop-live-db").database == text);
  }
}

TEST_CASE("fleet file: aliases of whole values may be used, a byte order mark and CRLF too") {
  std::string yaml = changed("concurrency: 2}", "concurrency: &two 2}");
  yaml.replace(yaml.find("  us-east:"), 10, "  us-east: {concurrency: *two}");
  CHECK(parse_fleet(yaml, "/fleet").fleet.regions.at("us-east").concurrency == 2);

  std::string windows = "\xEF\xBB\xBF";
  for (const char c : kExample) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const LoadedFleet loaded = parse_fleet(windows, "/fleet");
  CHECK(loaded.problems.empty());
  CHECK(loaded.fleet == parse_fleet(kExample, "/fleet").fleet);
}

TEST_CASE("fleet file: a relative file's paths are absolute against its folder") {
  const Folder folder;
  const auto file = folder.write("fleet.yaml", kExample);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path);
  const LoadedFleet loaded = load_fleet("fleet.yaml");
  std::filesystem::current_path(before);
  REQUIRE(loaded.problems.empty());
  CHECK(loaded.fleet == load_fleet(file).fleet);
  CHECK(loaded.fleet.environments.at("shop-live").controller.directory == (folder.path / "apps/shop-live").string());
}

TEST_CASE("fleet file: a file that can't be read is a problem of the file as a whole") {
  const Folder folder;
  const auto only = [](const LoadedFleet& loaded) {
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].line == 0);
    return format_problems("fleet.yaml", loaded.problems);
  };
  CHECK(only(load_fleet(folder.path / "none.yaml")) == "fleet.yaml: cannot be opened: No such file or directory\n");
  CHECK(only(load_fleet(folder.path)) == "fleet.yaml: is a directory, not a fleet file\n");
  CHECK_THAT(only(load_fleet(folder.write("empty.yaml", "# nothing\n"))), Contains("is empty"));
  const auto large = folder.write("large.yaml", "");
  std::filesystem::resize_file(large, (64u << 20) + 1);
  CHECK_THAT(only(load_fleet(large)), Contains("larger than 64 MiB"));
}

TEST_CASE("fleet file: problems are printed with file, line and column, in the order of the file") {
  std::string yaml = changed("    role: shop_live\n", "");
  yaml.replace(yaml.find("stage: live"), 11, "stage: lvie");
  yaml.replace(yaml.find("service: p"), 10, "servcie: p");
  CHECK(format_problems("a/fleet.yaml", parse_fleet(yaml, "/fleet").problems) ==
        "a/fleet.yaml:6:3: server \"eu-west-pg13\": missing key \"service\"\n"
        "a/fleet.yaml:8:5: server \"eu-west-pg13\": unknown key \"servcie\" (did you mean \"service\"?)\n"
        "a/fleet.yaml:15:12: environment \"shop-live\": stage is \"lvie\"; it must be one of test, live "
        "(did you mean \"live\"?)\n"
        "a/fleet.yaml:31:3: instance \"shop-live-db\": missing key \"role\"\n");
}

TEST_CASE("fleet file: 10,000 environments are read in seconds, and so are as many errors") {
  std::string yaml = kExample.substr(0, kExample.find("environments:"));
  std::string environments = "environments:\n";
  std::string instances = "instances:\n";
  const std::string environment =
      kExample.substr(kExample.find("    region: eu-west\n    application"),
                      kExample.find("      - instance") - kExample.find("    region: eu-west\n    application"));
  for (int number = 0; number < 10'000; ++number) {
    const std::string id = "env-" + std::to_string(number);
    environments +=
        "  " + id + ":\n" + environment + "      - instance: " + id + "\n        variables: {DATABASE_URL: url}\n";
    instances += "  " + id + ":\n    server: eu-west-pg13\n    database: " + id + "\n    role: tenant\n";
  }
  const std::clock_t start = std::clock();  // processor time: other tests may run beside this one
  const LoadedFleet loaded = parse_fleet(yaml + environments + instances, "/fleet");
  const std::clock_t good = std::clock();
  CHECK(loaded.problems.empty());
  CHECK(loaded.fleet.environments.size() == 10'000);
  const LoadedFleet dangling = parse_fleet(yaml + environments, "/fleet");
  const std::clock_t bad = std::clock();
  CHECK(dangling.problems.size() == 1001);
  CHECK_THAT(dangling.problems.back().message, Contains("9000 more"));
  const auto seconds = [](std::clock_t ticks) { return static_cast<double>(ticks) / CLOCKS_PER_SEC; };
  INFO("10,000 environments: " << seconds(good - start) << " s; with 10,000 errors: " << seconds(bad - good) << " s");
  CHECK(seconds(good - start) < 20);  // about 1 s; the limit also holds with sanitizers
  CHECK(seconds(bad - good) < 20);
}
