// Whole commands, as typed: exit code and both outputs.
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/run.hpp"
#include "engine/core/json.hpp"
#include "engine/core/secret.hpp"

using Catch::Matchers::Contains;
using pgconvoy::json;

namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() : path(fs::temp_directory_path() / ("pgconvoy-test-" + pgconvoy::random_token(12))) { fs::create_directory(path); }
  ~Folder() { fs::remove_all(path); }
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(path / name) << content;
    return (path / name).string();
  }
  const fs::path path;
};

struct Spoken {
  int code = 0;
  std::string out, error;
};

// One of our standard streams, led into a file for a while.
class Diverted {
 public:
  Diverted(int stream, const fs::path& file) : stream_(stream), saved_(dup(stream)), file_(file) {
    const int other = open(file.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    dup2(other, stream);
    close(other);
  }
  std::string back() {
    dup2(saved_, stream_);
    close(saved_);
    std::stringstream text;
    text << std::ifstream(file_).rdbuf();
    return text.str();
  }

 private:
  int stream_, saved_;
  fs::path file_;
};

Spoken say(const Folder& folder, std::vector<std::string> words) {
  words.insert(words.begin(), "pgconvoy");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  Diverted out(1, folder.path / "out"), error(2, folder.path / "error");
  Spoken spoken;
  spoken.code = pgconvoy::cli::run(static_cast<int>(argv.size()), argv.data());
  spoken.out = out.back();
  spoken.error = error.back();
  return spoken;
}

const char* kFleet =
    "pgconvoy: 1\n"
    "regions: {eu: {}}\n"
    "servers:\n"
    "  eu-pg13: {region: eu, service: postgresql-database-13, url: 'postgresql://admin@127.0.0.1:1/postgres'}\n"
    "  eu-pg15: {region: eu, service: postgresql-database-15, url: 'postgresql://admin@127.0.0.1:2/postgres'}\n"
    "environments: {}\n"
    "instances:\n"
    "  shop-db: {server: eu-pg13, database: shop, role: shop}\n";

}  // namespace

TEST_CASE("command line: help and version succeed") {
  Folder folder;
  CHECK(say(folder, {"--version"}).out == "pgconvoy " PGCONVOY_VERSION "\n");
  for (const char* command : {"run", "plan", "check", "resume", "retry", "rollback", "resolve", "status", "report", "logs",
                              "events", "cleanup", "doctor"}) {
    const Spoken help = say(folder, {command, "--help"});
    INFO(command);
    CHECK(help.code == 0);
    CHECK_THAT(help.out, Contains("--journal") && Contains("Example"));
    CHECK(help.error.empty());
  }
}

TEST_CASE("command line: what was mistyped is named, with what may have been meant") {
  Folder folder;
  Spoken spoken = say(folder, {"chekc"});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("\"chekc\"") && Contains("did you mean \"check\"?"));
  spoken = say(folder, {"run", "--concurency", "3"});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("did you mean \"--concurrency\"?") && Contains("pgconvoy run --help"));
  spoken = say(folder, {"fleet"});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("discover, show, validate"));
  CHECK(say(folder, {"plan", "--output", "xml"}).code == 2);
  CHECK(say(folder, {}).code == 2);
}

TEST_CASE("command line: a password in a URL is refused with the ways to give one, and not repeated") {
  Folder folder;
  const Spoken spoken = say(folder, {"plan", "--source", "postgresql://admin:hunter2@old/postgres", "--target",
                                     "postgresql://admin@new/postgres", "--runbook", "postgres-13-to-15"});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("PGCONVOY_SOURCE_PASSWORD") && Contains("PGPASSWORD") && Contains("passfile"));
  CHECK_THAT(spoken.error, !Contains("hunter2"));
}

TEST_CASE("command line: a run without a terminal and without --yes is refused before anything is looked at") {
  Folder folder;
  Diverted in(0, folder.path / "in");
  const Spoken spoken = say(folder, {"run", "-f", folder.file("fleet.yaml", kFleet), "--runbook", "postgres-13-to-15"});
  in.back();
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("--yes"));
}

TEST_CASE("command line: bad fleets, runbooks, parameters and selections are bad input") {
  Folder folder;
  const std::string fleet = folder.file("fleet.yaml", kFleet), journal = (folder.path / "journal.db").string();
  const auto plan = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"plan", "-f", fleet, "--journal", journal};
    words.insert(words.end(), more.begin(), more.end());
    return say(folder, words);
  };
  Spoken spoken = plan({"--runbook", "postgres-13-to-16"});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("did you mean \"postgres-13-to-15\"?"));
  CHECK(plan({}).code == 2);
  CHECK(plan({"--runbook", "postgres-13-to-15", "--set", "retention"}).code == 2);
  CHECK(plan({"--runbook", "postgres-13-to-15", "--set", "retentoin=0"}).code == 2);
  CHECK(plan({"--runbook", "postgres-13-to-15", "--limit", "nothing*"}).code == 2);
  CHECK(plan({"--runbook", "postgres-13-to-15", "--region", "mars"}).code == 2);
  CHECK(plan({"--runbook", "postgres-13-to-15", "--max-failures", "many"}).code == 2);
  spoken = plan({"--runbook", "postgres-13-to-15", "--override", "disk_spaec=x"});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("did you mean \"disk_space\"?"));
  spoken = plan({"--runbook", "postgres-upgrade", "--set", "from=postgresql-database-12", "--set", "to=postgresql-database-15"});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("none has an instance of service \"postgresql-database-12\""));
  CHECK_FALSE(fs::exists(journal));

  const std::string broken = folder.file("broken.yaml", "pgconvoy: 1\nservrs: {}\n");
  spoken = say(folder, {"fleet", "validate", broken});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("broken.yaml:2:1:"));
}

TEST_CASE("command line: servers that can't be reached are findings, and the plan says so") {
  Folder folder;
  const std::string fleet = folder.file("fleet.yaml", kFleet), journal = (folder.path / "journal.db").string();
  const Spoken check = say(folder, {"check", "-f", fleet, "--runbook", "postgres-13-to-15", "--output", "json"});
  CHECK(check.code == 4);
  const json document = json::parse(check.out);
  CHECK(document["version"] == 1);
  CHECK(document["targets"][0]["blocked"] == true);
  const Spoken run = say(folder, {"run", "-f", fleet, "--runbook", "postgres-13-to-15", "--yes", "--journal", journal});
  CHECK(run.code == 4);
  CHECK_FALSE(fs::exists(journal));
  const Spoken plan = say(folder, {"plan", "-f", fleet, "--runbook", "postgres-13-to-15", "--journal", journal, "--seed", "7"});
  CHECK(plan.code == 0);
  CHECK_THAT(plan.out, Contains("blocking") && Contains("pgconvoy run --plan r1") && Contains("seed 7"));
  const Spoken status = say(folder, {"status", "--journal", journal});
  CHECK(status.code == 0);
  CHECK_THAT(status.out, Contains("run r1: planned"));
  CHECK(say(folder, {"resume", "r1", "--journal", journal}).code == 2);
  CHECK(say(folder, {"report", "r2", "--journal", journal}).code == 2);
  const Spoken logs = say(folder, {"logs", "r1", "shop", "--journal", journal});
  CHECK(logs.code == 2);
  CHECK_THAT(logs.error, Contains("did you mean \"shop-db\"?"));
}

TEST_CASE("command line: runbooks go out as YAML and come back") {
  Folder folder;
  const Spoken yaml = say(folder, {"runbook", "show", "postgres-13-to-15", "--output", "yaml"});
  CHECK(yaml.code == 0);
  CHECK(say(folder, {"runbook", "validate", folder.file("own.yaml", yaml.out)}).code == 0);
  CHECK(say(folder, {"runbook", "validate", folder.file("own.yaml", yaml.out + "oeprations: []\n")}).code == 2);
  CHECK_THAT(say(folder, {"runbook", "list"}).out, Contains("postgres-13-to-15") && Contains("postgres-upgrade"));
}

TEST_CASE("command line: a journal that isn't there is said so, and isn't made by looking") {
  Folder folder;
  const std::string journal = (folder.path / "journal.db").string();
  for (const char* command : {"status", "report", "logs", "events", "cleanup"}) {
    INFO(command);
    CHECK(say(folder, {command, "--journal", journal}).code == 2);
  }
  CHECK_FALSE(fs::exists(journal));
  const std::string other = folder.file("text.db", "this is a letter, not a journal, and long enough to be taken for one by its size alone");
  CHECK(say(folder, {"plan", "-f", folder.file("fleet.yaml", kFleet), "--runbook", "postgres-13-to-15", "--journal", other}).code == 2);
}
