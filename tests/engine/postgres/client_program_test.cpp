#include "engine/postgres/client_program.hpp"

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
namespace fs = std::filesystem;

namespace {

// A directory with a program that says it is of that version.
class FakePrograms {
 public:
  FakePrograms(const std::string& directory, const std::string& version)
      : root_(fs::temp_directory_path() / directory) {
    fs::create_directories(root_);
    const auto program = root_ / "pg_pretend";
    std::ofstream(program) << "#!/bin/sh\necho 'pg_pretend (PostgreSQL) " << version << "'\n";
    fs::permissions(program, fs::perms::owner_all);
  }
  ~FakePrograms() { fs::remove_all(root_); }
  const fs::path& root() const { return root_; }

 private:
  fs::path root_;
};

Result<ClientProgram> find(int major) {
  auto launcher = make_process_launcher();
  return testing::run(find_client_program(*launcher, "pg_pretend", major));
}

}  // namespace

TEST_CASE("client program: the version is read from what the program says") {
  CHECK(version_in("pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n") == "15.14");
  CHECK(version_in("pg_dump (PostgreSQL) 19devel\n") == "19devel");
  CHECK(version_in("something else 15.1") == "");
}

TEST_CASE("client program: of several the one of the wanted major version is taken") {
  FakePrograms old("pgconvoy-client-91", "91.2"), wanted("pgconvoy-client-92", "92.0");
  ::setenv("PGCONVOY_BINDIR",
           (old.root().string() + ":" + fs::temp_directory_path().string() + "/pgconvoy-client-{major}").c_str(), 1);
  auto found = find(92);
  REQUIRE(found);
  CHECK(found->path == wanted.root() / "pg_pretend");
  CHECK(found->version == "92.0");
  auto missing = find(93);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::not_found);
  CHECK_THAT(missing.error().message, Catch::Contains("91.2"));
  CHECK_THAT(missing.error().remedy, Catch::Contains("PGCONVOY_BINDIR"));
  ::unsetenv("PGCONVOY_BINDIR");
}

namespace {

class CountingLauncher final : public ProcessLauncher {
 public:
  Task<Result<ProcessResult>> run(ProcessSpec spec) override {
    ++started;
    co_return co_await launcher_->run(std::move(spec));
  }
  void kill_all() override { launcher_->kill_all(); }
  void end_for(const std::string& holder) override { launcher_->end_for(holder); }
  int started = 0;

 private:
  std::unique_ptr<ProcessLauncher> launcher_ = make_process_launcher();
};

}  // namespace

TEST_CASE("client program: one of machine code is asked once, a script each time") {
  FakePrograms script("pgconvoy-client-94", "94.0");
  ::setenv("PGCONVOY_BINDIR", script.root().c_str(), 1);
  CountingLauncher launcher;
  REQUIRE(testing::run(find_client_program(launcher, "pg_pretend", 94)));
  REQUIRE(testing::run(find_client_program(launcher, "pg_pretend", 94)));
  CHECK(launcher.started == 2);

  // Perhaps another test asked it already.
  fs::remove(script.root() / "pg_pretend");
  ::unsetenv("PGCONVOY_BINDIR");
  launcher.started = 0;
  const auto first = testing::run(find_client_program(launcher, "pg_dump", 15));
  REQUIRE(first);
  const int once = launcher.started;
  const auto second = testing::run(find_client_program(launcher, "pg_dump", 15));
  REQUIRE(second);
  CHECK(second->version == first->version);
  CHECK(once <= 1);
  CHECK(launcher.started == once);
}

TEST_CASE("client program: the password goes into the environment, not into the command line") {
  ConnectionSpec spec;
  spec.keywords = {{"host", "db"}};
  CHECK(environment_for_child(spec, 15).secrets.empty());
  spec.password = Secret("hunter2");
  const auto environment = environment_for_child(spec, 15);
  CHECK(environment.conninfo == "host='db' keepalives_count='4' keepalives_idle='10' keepalives_interval='5' tcp_user_timeout='60000'");
  CHECK(environment.secrets.at("PGPASSWORD") == Secret("hunter2"));
}

TEST_CASE("client program: a way that swallows everything is noticed, as the connection says or as usual") {
  ConnectionSpec spec;
  spec.keywords = {{"host", "db"}, {"keepalives_idle", "60"}, {"options", "-c work_mem=1MB"}};
  // libpq 11 would refuse a keyword that it doesn't know.
  CHECK(environment_for_child(spec, 11).conninfo ==
        "host='db' keepalives_count='4' keepalives_idle='60' keepalives_interval='5' options='-c work_mem=1MB'");
  CHECK(with_server_options(spec, "-c jit=off").keywords.at("options") ==
        "-c work_mem=1MB -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4 -c jit=off");
  spec.keywords = {{"service", "db"}};
  CHECK(environment_for_child(spec, 15).conninfo == "service='db'");
}
