#include "operations/zstd_program.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/engine/platform/temporary_directory.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;

namespace {

std::string unpacked_text(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

Task<Result<ProcessResult>> write_into_pipe(ProcessLauncher& launcher, std::vector<std::string> argv, std::shared_ptr<ProgramPipe> pipe) {
  ProcessSpec spec;
  spec.argv = std::move(argv);
  spec.output_file = pipe->writing();
  spec.started = [pipe](int) { pipe->close_writing(); };
  auto ended = co_await launcher.run(std::move(spec));
  pipe->close_writing();
  co_return ended;
}

struct WrittenAndPacked {
  Result<ProcessResult> written;
  Result<void> compressed;
};

Task<WrittenAndPacked> through_pipe(ProcessLauncher& launcher, std::vector<std::string> argv, std::string into) {
  using namespace asio::experimental::awaitable_operators;
  auto pipe = *ProgramPipe::make();
  auto writing = write_into_pipe(launcher, std::move(argv), pipe);
  auto compressing = compress_from(launcher, pipe, std::move(into));
  auto [written, compressed] = co_await (std::move(writing) && std::move(compressing));
  co_return WrittenAndPacked{std::move(written), std::move(compressed)};
}

struct ZstdWorld {
  asio::io_context loop;
  std::unique_ptr<ProcessLauncher> launcher = make_process_launcher();
  testing::TemporaryDirectory folder;
  std::string path(const char* name) const { return folder / name; }

  WrittenAndPacked pack(std::vector<std::string> argv, const std::string& into) { return testing::run_on(loop, through_pipe(*launcher, std::move(argv), into)); }
  Result<void> unpack(const std::string& from, const std::string& into) { return testing::run_on(loop, decompress(*launcher, from, into, 1000)); }
};

}  // namespace

TEST_CASE("zstd: what one program writes is packed by the other, and comes out again") {
  REQUIRE(has_zstd());
  ZstdWorld world;
  const WrittenAndPacked both = world.pack({"/usr/bin/seq", "1", "300000"}, world.path("packed"));
  REQUIRE(both.written.has_value());
  CHECK(both.written->exit_code == 0);
  CHECK(both.written->output.empty());
  REQUIRE(both.compressed);
  CHECK(std::filesystem::file_size(world.path("packed")) < 1'000'000);
  CHECK((std::filesystem::status(world.path("packed")).permissions() & std::filesystem::perms::others_all) == std::filesystem::perms::none);
  REQUIRE(world.unpack(world.path("packed"), world.path("unpacked")));
  const std::string content = unpacked_text(world.path("unpacked"));
  CHECK(content.starts_with("1\n2\n3\n"));
  CHECK(content.ends_with("299999\n300000\n"));
}

TEST_CASE("zstd: when one end of the pipe fails the other ends, too") {
  ZstdWorld world;
  SECTION("the writer can't be started") {
    const WrittenAndPacked both = world.pack({"/no/such/program"}, world.path("packed"));
    CHECK_FALSE(both.written.has_value());
    CHECK(both.compressed);  // of nothing
  }
  SECTION("the reader can't write") {
    const WrittenAndPacked both = world.pack({"/usr/bin/yes"}, world.path("missing/packed"));
    REQUIRE(both.written.has_value());
    CHECK(both.written->exit_code != 0);
    CHECK_FALSE(both.compressed);
  }
}

TEST_CASE("zstd: a file that was cut short or spoilt doesn't come out as if it were whole") {
  ZstdWorld world;
  REQUIRE(world.pack({"/usr/bin/seq", "1", "300000"}, world.path("packed")).compressed);
  std::string packed = unpacked_text(world.path("packed"));
  SECTION("cut") { packed.resize(packed.size() - 100); }
  SECTION("spoilt") { packed[packed.size() / 2] ^= 1; }
  std::ofstream(world.path("packed"), std::ios::binary) << packed;
  const auto unpacked = world.unpack(world.path("packed"), world.path("unpacked"));
  REQUIRE_FALSE(unpacked);
  CHECK(unpacked.error().kind == ErrorKind::process);
}
