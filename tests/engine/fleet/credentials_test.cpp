#include "engine/fleet/credentials.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

using namespace pgconvoy;
using Catch::Matchers::Contains;

namespace {

// Answers with what the test put in, and remembers what it was asked.
class FakeLauncher final : public ProcessLauncher {
 public:
  Result<ProcessResult> answer = ProcessResult{};
  std::vector<ProcessSpec> asked;

  Task<Result<ProcessResult>> run(ProcessSpec spec) override {
    asked.push_back(std::move(spec));
    co_return answer;
  }
  void kill_all() override {}
  void end_for(const std::string&) override {}
};

template <class T>
T finish(Task<T> task) {
  asio::io_context context;
  std::optional<T> value;
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr failure, T result) {
    if (failure) std::rethrow_exception(failure);
    value.emplace(std::move(result));
  });
  context.run();
  return std::move(value.value());
}

// A file of that mode, for the time of a test.
struct TemporaryFile {
  std::string name = "/tmp/pgconvoy-secret-XXXXXX";
  explicit TemporaryFile(const std::string& text, mode_t mode = 0600) {
    close(mkstemp(name.data()));
    std::ofstream(name, std::ios::binary) << text;
    chmod(name.c_str(), mode);
  }
  ~TemporaryFile() { unlink(name.c_str()); }
};

struct World {
  FakeLauncher launcher;
  Credentials credentials{launcher};

  std::string password(PasswordSource source) {
    auto result = finish(credentials.password(std::move(source)));
    return result ? result->reveal() : "error: " + describe(result.error());
  }
  Result<ConnectionSpec> administrator(PasswordSource source,
                                       std::string url = "postgresql://postgres@127.0.0.1:5433") {
    Server server{"eu-pg13", "eu", "pg13", std::move(url), std::move(source)};
    return finish(credentials.administrator(std::move(server)));
  }
};

}  // namespace

TEST_CASE("credentials: a variable, the first line of a file, the first line of a command's output") {
  World world;
  CHECK(world.password({}).empty());
  setenv("PGCONVOY_TEST_SECRET", "s3cret ", 1);
  CHECK(world.password({"PGCONVOY_TEST_SECRET", "", "", {}}) == "s3cret ");
  unsetenv("PGCONVOY_TEST_SECRET");
  const TemporaryFile file("p w\r\nsecond\n");
  CHECK(world.password({"", file.name, "", {}}) == "p w");
  world.launcher.answer->output = "from command\nmore\n";
  CHECK(world.password({"", "", "", {"pass", "show", "x"}}) == "from command");
  REQUIRE(world.launcher.asked.size() == 1);
  CHECK(world.launcher.asked[0].argv == std::vector<std::string>{"pass", "show", "x"});
  CHECK(world.launcher.asked[0].limit == Seconds(10));
}

TEST_CASE("credentials: errors name the source and never what it gave") {
  World world;
  CHECK_THAT(world.password({"PGCONVOY_TEST_UNSET", "", "", {}}), Contains("PGCONVOY_TEST_UNSET is not set"));
  CHECK_THAT(world.password({"", "/nowhere/secret", "", {}}), Contains("/nowhere/secret: No such file"));
  CHECK_THAT(world.password({"", "/tmp", "", {}}), Contains("not a regular file"));
  const TemporaryFile empty("\nhunter2\n");
  CHECK_THAT(world.password({"", empty.name, "", {}}), Contains("first line is empty") && !Contains("hunter2"));
  const TemporaryFile large(std::string(10'000, 'h'));
  CHECK_THAT(world.password({"", large.name, "", {}}), Contains("longer than 4096 bytes") && !Contains("hhhh"));
  const TemporaryFile zero(std::string("hun\0ter2\n", 9));
  CHECK_THAT(world.password({"", zero.name, "", {}}), Contains("zero byte") && !Contains("ter2"));

  const PasswordSource command{"", "", "", {"vault", "--token=hunter2"}};
  world.launcher.answer = ProcessResult{3, "hunter2\n", "hunter2 is wrong\n"};
  CHECK_THAT(world.password(command),
             Contains("password command vault failed with exit code 3") && !Contains("hunter2"));
  world.launcher.answer = Error(ErrorKind::timeout, "vault --token=hunter2 took too long");
  CHECK_THAT(world.password(command), Contains("did not end within 10 s") && !Contains("hunter2"));
  world.launcher.answer = Error(ErrorKind::process, "vault --token=hunter2: not found");
  CHECK_THAT(world.password(command), Contains("could not be run") && !Contains("hunter2"));
  world.launcher.answer = ProcessResult{0, std::string(1 << 16, 'h'), ""};
  CHECK_THAT(world.password(command), Contains("printed more than a password"));
}

TEST_CASE("credentials: a passfile is left to libpq, which ignores one that others may read") {
  World world;
  const TemporaryFile good("*:*:*:postgres:hunter2\n");
  const auto connection = world.administrator({"", "", good.name, {}});
  REQUIRE(connection.has_value());
  CHECK(connection->keywords.at("passfile") == good.name);
  CHECK(connection->password.empty());
  CHECK(connection->keywords.at("dbname") == "postgres");
  CHECK(connection->server == "eu-pg13");

  World other;
  const TemporaryFile open("*:*:*:postgres:hunter2\n", 0640);
  const auto refused = other.administrator({"", "", open.name, {}});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::refused);
  CHECK(refused.error().server == "eu-pg13");
  CHECK_THAT(describe(refused.error()), Contains("mode 0640") && Contains("libpq ignores") && Contains("chmod 0600"));
  CHECK(other.administrator({"", "", "/nowhere/passfile", {}}).error().kind == ErrorKind::not_found);
}

TEST_CASE("credentials: a server is asked for once, a failure is not remembered") {
  World world;
  const PasswordSource command{"", "", "", {"vault"}};
  world.launcher.answer = ProcessResult{1, "", ""};
  CHECK_FALSE(world.administrator(command).has_value());
  world.launcher.answer = ProcessResult{0, "hunter2\n", ""};
  const auto first = world.administrator(command);
  REQUIRE(first.has_value());
  CHECK(first->password.reveal() == "hunter2");
  CHECK_FALSE(first->keywords.contains("password"));
  CHECK(world.administrator(command)->password == first->password);
  CHECK(world.launcher.asked.size() == 2);
}

TEST_CASE("credentials: the database of the URL is kept") {
  World world;
  CHECK(world.administrator({}, "postgresql://postgres@h/admin")->keywords.at("dbname") == "admin");
}
