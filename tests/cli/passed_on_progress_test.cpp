#include "cli/passed_on_progress.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <filesystem>

#include "engine/core/secret.hpp"

using namespace pgconvoy;
using namespace pgconvoy::cli;

namespace {

struct JournalFolder {
  JournalFolder() { std::filesystem::create_directory(path); }
  ~JournalFolder() { std::filesystem::remove_all(path); }
  std::string journal() const { return (path / "journal.db").string(); }
  std::string file(const char* what) const { return journal() + ".r7." + what; }
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("pgconvoy-test-" + random_token(12));
};

}  // namespace

TEST_CASE("progress that is passed on: nobody looks, nothing is written; somebody looks, and sees it") {
  const JournalFolder folder;
  PassedOnProgress passing(folder.journal(), 7);
  CHECK_FALSE(passing.watches_progress());
  passing.progressed(3, "restore@shop", {512, 1024, "rows"});
  CHECK_FALSE(std::filesystem::exists(folder.file("progress")));
  {
    ProgressLook looking("sqlite:" + folder.journal(), 7);
    CHECK(looking.look().empty());
    CHECK(passing.watches_progress());
    passing.progressed(3, "restore@shop", {600, 1024, "more rows"});
    const auto seen = looking.look();
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].target == 3);
    CHECK(seen[0].step == "restore@shop");
    CHECK(seen[0].progress.bytes == 600);
    CHECK(seen[0].progress.total_bytes == 1024);
    CHECK(seen[0].progress.text == "more rows");
    CHECK(looking.look().empty());  // once
    struct stat status = {};
    REQUIRE(::stat(folder.file("progress").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  CHECK_FALSE(passing.watches_progress());
}

TEST_CASE("progress that is passed on: a look of long ago counts for nothing, and files go with their process") {
  const JournalFolder folder;
  ProgressLook looking(folder.journal(), 7);
  {
    PassedOnProgress passing(folder.journal(), 7);
    (void)looking.look();
    passing.progressed(1, "restore@shop", {1, 2, ""});
    CHECK(std::filesystem::exists(folder.file("progress")));
    std::filesystem::last_write_time(folder.file("look"), std::filesystem::file_time_type::clock::now() - std::chrono::minutes(1));
    CHECK_FALSE(passing.watches_progress());
  }
  CHECK_FALSE(std::filesystem::exists(folder.file("progress")));
}

TEST_CASE("progress that is passed on: of a journal on a server there is none") {
  ProgressLook looking("postgresql://journal.example/pgconvoy", 7);
  PassedOnProgress passing("postgresql://journal.example/pgconvoy", 7);
  CHECK(looking.look().empty());
  CHECK_FALSE(passing.watches_progress());
}
