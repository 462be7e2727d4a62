// Whole commands, as typed: exit code and both outputs.
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/backup_files.hpp"
#include "cli/diagnosis.hpp"
#include "cli/planning.hpp"
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
    std::cout.flush();  // what the test program itself was saying
    std::fflush(stdout);
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
  for (const char* command : {"run", "plan", "check", "resume", "pause", "cancel", "approve", "set", "skip", "retry", "rollback", "resolve", "status", "report", "logs",
                              "events", "cleanup", "doctor", "serve"}) {
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

TEST_CASE("command line: a mistyped command is named also when it has options, and help takes a command") {
  Folder folder;
  Spoken spoken = say(folder, {"rn", "-f", "fleet.yaml", "--runbook", "x"});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("\"rn\"") && Contains("did you mean \"run\"?"));
  spoken = say(folder, {"help", "fleet", "show"});
  CHECK(spoken.code == 0);
  CHECK_THAT(spoken.out, Contains("--limit"));
  CHECK(say(folder, {"help"}).code == 0);
  spoken = say(folder, {"help", "rn"});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("did you mean \"run\"?"));
}

TEST_CASE("command line: a number that is none is named, with what is wanted") {
  Folder folder;
  const auto error = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "plan");
    const Spoken spoken = say(folder, words);
    CHECK(spoken.code == 2);
    return spoken.error;
  };
  CHECK_THAT(error({"--seed", "-1"}), Contains("--seed: must be a whole number from 0 on, not \"-1\""));
  CHECK_THAT(error({"--concurrency", "abc"}), Contains("--concurrency: must be a whole number from 1 to 10000, not \"abc\""));
  CHECK_THAT(error({"--max-failures", "150%"}), Contains("\"150%\" must be a share from 0% to 100%"));
  CHECK_THAT(error({"--max-failures", "many"}), Contains("neither a number of targets nor a percentage"));
}

TEST_CASE("command line: without RUN the run that was started is meant, not a plan made after it") {
  Folder folder;
  const std::string fleet = folder.file("fleet.yaml", kFleet), journal = (folder.path / "journal.db").string();
  for (int i = 0; i < 2; ++i) say(folder, {"plan", "-f", fleet, "--runbook", "postgres-13-to-15", "--journal", journal});
  CHECK_THAT(say(folder, {"status", "--journal", journal}).out, Contains("run r2: planned"));
  const auto happen = [&](pgconvoy::EventKind kind, int target, json data) {
    auto opened = pgconvoy::open_journal(journal, pgconvoy::OpenMode::read_write);
    REQUIRE(opened);
    pgconvoy::Event event;
    event.run = 1;
    event.target = target;
    event.kind = kind;
    event.at = std::chrono::system_clock::now();
    event.data = std::move(data);
    std::vector<pgconvoy::Event> events{event};
    REQUIRE((*opened)->append(events));
  };
  happen(pgconvoy::EventKind::run_started, 0, {{"pid", 1}});
  for (const char* command : {"status", "report"}) CHECK_THAT(say(folder, {command, "--journal", journal}).out, Contains("run r1: "));

  happen(pgconvoy::EventKind::target_skipped, 1, {{"reason", "no"}});
  happen(pgconvoy::EventKind::run_ended, 0, {{"state", "finished_with_failures"}, {"reason", ""}});
  const Spoken resumed = say(folder, {"resume", "--journal", journal});
  CHECK(resumed.code == 0);
  CHECK_THAT(resumed.out, Contains("nothing to resume: r1 is over (finished with failures)") && !Contains("run r1:"));
}

TEST_CASE("command line: durations need their unit, a parameter is given once") {
  Folder folder;
  const std::string fleet = folder.file("fleet.yaml", kFleet), journal = (folder.path / "journal.db").string();
  const auto plan = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"plan", "-f", fleet, "--journal", journal, "--runbook", "postgres-13-to-15"};
    words.insert(words.end(), more.begin(), more.end());
    return say(folder, words);
  };
  Spoken spoken = plan({"--set", "retention=5"});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("5 of what?") && Contains("retention=5d"));
  spoken = plan({"--set", "retention=1d", "--set", "retention=2d"});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("given twice"));
  spoken = plan({"--set", "retention=0"});
  CHECK(spoken.code == 4);
  CHECK_THAT(spoken.out, Contains("old databases are dropped at once"));
  CHECK_THAT(plan({"--set", "retention=7d", "--set", "drain_timeout=30s"}).out, Contains("drain_timeout 30.0 s") && Contains("retention 7 d"));
}

TEST_CASE("command line: services that don't fit are told with those that the fleet has") {
  Folder folder;
  const std::string fleet = folder.file("fleet.yaml", kFleet), journal = (folder.path / "journal.db").string();
  const auto plan = [&](const std::string& from, const std::string& to) {
    const Spoken spoken = say(folder, {"plan", "-f", fleet, "--journal", journal, "--runbook", "postgres-upgrade", "--set", "from=" + from,
                                       "--set", "to=" + to});
    CHECK(spoken.code == 2);
    return spoken.error;
  };
  CHECK_THAT(plan("13", "15"), Contains("postgresql-database-13, postgresql-database-15"));
  CHECK_THAT(plan("postgresql-database-13", "15"), Contains("postgresql-database-13, postgresql-database-15"));
  CHECK_THAT(plan("postgresql-database-15", "postgresql-database-13"), Contains("the source is newer than the target"));
}

TEST_CASE("command line: the region's limit of the file gives way to the option, in the frozen fleet too") {
  Folder folder;
  std::string text = kFleet;
  text.replace(text.find("{eu: {}}"), 8, "{eu: {concurrency: 1}}");
  const std::string fleet = folder.file("fleet.yaml", text), journal = (folder.path / "journal.db").string();
  const auto plan = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"plan", "-f", fleet, "--journal", journal, "--runbook", "postgres-13-to-15", "--output", "json"};
    words.insert(words.end(), more.begin(), more.end());
    return json::parse(say(folder, words).out);
  };
  CHECK(plan({})["fleet"]["regions"][0]["concurrency"] == 1);
  const json document = plan({"--concurrency-per-region", "5"});
  CHECK(document["fleet"]["regions"][0]["concurrency"].is_null());
  CHECK(document["options"]["concurrency_per_region"] == 5);
}

TEST_CASE("command line: fleet show takes its selection for JSON too") {
  Folder folder;
  const std::string fleet = folder.file("fleet.yaml", std::string(kFleet) + "  crm-db: {server: eu-pg13, database: customers, role: crm}\n");
  const json document = json::parse(say(folder, {"fleet", "show", fleet, "--limit", "shop-db", "--output", "json"}).out);
  CHECK(document["targets"].size() == 1);
  CHECK(document["fleet"]["instances"].size() == 1);
  const Spoken spoken = say(folder, {"fleet", "show", fleet, "--limit", "customers"});
  CHECK(spoken.code == 2);
  CHECK_THAT(spoken.error, Contains("name of a database") && Contains("crm-db"));
}

TEST_CASE("command line: a backup is restored only into a database that was named and is somebody's") {
  Folder folder;
  const std::string journal = (folder.path / "journal.db").string();
  const auto restore = [&](const std::string& url) {
    const Spoken spoken = say(folder, {"backups", "restore", "r1/shop-db", "--to", url, "--journal", journal});
    CHECK(spoken.code == 2);
    return spoken.error;
  };
  CHECK_THAT(restore("postgresql://admin@127.0.0.1:1"), Contains("--to names no database"));
  for (const char* name : {"postgres", "template0", "template1"})
    CHECK_THAT(restore(std::string("postgresql://admin@127.0.0.1:1/") + name), Contains("belongs to the server itself"));
}

TEST_CASE("command line: doctor: a backup directory that can't be made, or without space, is bad") {
  CHECK(pgconvoy::cli::diagnose_backup_directory("/proc/x").verdict == pgconvoy::cli::Diagnosis::Verdict::bad);
  CHECK(pgconvoy::cli::diagnose_backup_directory("/dev/null/x").verdict == pgconvoy::cli::Diagnosis::Verdict::bad);
}

TEST_CASE("command line: backups of one instance in one run have names of their own") {
  using pgconvoy::BackupRecord;
  BackupRecord first, second, other;
  first.run = second.run = other.run = 7;
  first.instance = second.instance = "shop-db";
  other.instance = "crm-db";
  first.state = second.state = other.state = "kept";
  first.created = "2026-11-22T21:00:00.000Z";
  second.created = "2026-11-22T22:00:00.000Z";
  first.file = "a";
  second.file = "b";
  const std::vector<BackupRecord> all{second, first, other};
  CHECK(pgconvoy::cli::names_of(all) == std::vector<std::string>{"r7/shop-db#2", "r7/shop-db#1", "r7/crm-db"});
  CHECK(pgconvoy::cli::find_backup(all, "r7/shop-db#1")->file == "a");
  CHECK(pgconvoy::cli::find_backup(all, "r7/shop-db")->file == "b");
}

TEST_CASE("command line: a refused password names the ways to give one") {
  const pgconvoy::Error none(pgconvoy::ErrorKind::unreachable, "connection failed: fe_sendauth: no password supplied");
  CHECK_THAT(pgconvoy::cli::with_ways_to_log_in(none, "eu-pg13").remedy, Contains("PGPASSFILE") && Contains("env: NAME"));
  CHECK_THAT(pgconvoy::cli::with_ways_to_log_in(none, "source").remedy, Contains("PGCONVOY_SOURCE_PASSWORD"));
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
  CHECK(plan.code == 4);
  CHECK_THAT(plan.out, Contains("blocking") && !Contains("pgconvoy run --plan r1") && Contains("seed 7"));
  CHECK_THAT(plan.error, Contains("every target is blocked") && Contains("servers_reachable (1 target)"));
  const Spoken status = say(folder, {"status", "--journal", journal});
  CHECK(status.code == 0);
  CHECK_THAT(status.out, Contains("run r1: planned"));
  CHECK(say(folder, {"resume", "r1", "--journal", journal}).code == 2);
  const Spoken missing = say(folder, {"report", "r2", "--journal", journal});
  CHECK(missing.code == 2);
  CHECK_THAT(missing.error, Contains("pgconvoy status --all"));
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
  const Spoken problems = say(folder, {"runbook", "validate", (folder.path / "own.yaml").string(), "--output", "json"});
  CHECK(problems.code == 2);
  CHECK_THAT(json::parse(problems.out)["problems"][0]["message"].get<std::string>(), Contains("oeprations"));
  CHECK_THAT(say(folder, {"runbook", "validate", folder.file("empty.yaml", "")}).error, Contains("the file is empty"));
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
