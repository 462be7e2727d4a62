#include "engine/journal/sqlite_journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>

#include "engine/core/digest.hpp"
#include "tests/engine/journal/conformance.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const std::filesystem::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

void sql(const std::filesystem::path& path, const std::string& text) {
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &raw) == SQLITE_OK);
  char* said = nullptr;
  const int code = sqlite3_exec(raw, text.c_str(), nullptr, nullptr, &said);
  INFO((said ? said : ""));
  CHECK(code == SQLITE_OK);
  sqlite3_free(said);
  sqlite3_close(raw);
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 ? about.st_mode & 07777 : 0;
}

// Refused in every mode, with a remedy, and byte for byte what it was.
void check_refused(const std::filesystem::path& path, ErrorKind kind, const std::string& says) {
  const auto before = content(path);
  for (const auto mode : {OpenMode::create, OpenMode::read_write, OpenMode::read_only}) {
    const auto error = must_fail(open_journal(path.string(), mode));
    CHECK(error.kind == kind);
    CHECK_THAT(error.message, Catch::Contains(says));
    CHECK_FALSE(error.remedy.empty());
  }
  CHECK(content(path) == before);
  CHECK_FALSE(std::filesystem::exists(path.string() + "-wal"));
  CHECK_FALSE(std::filesystem::exists(path.string() + "-journal"));
}

}  // namespace

TEST_CASE("sqlite journal: it does what every journal does") {
  TemporaryDirectory directory;
  const auto path = (directory / "journal").string();
  check_journal_conformance([&] { return must(open_journal(path, OpenMode::create)); });
}

TEST_CASE("sqlite journal: all its files are for their owner only, whatever the umask") {
  TemporaryDirectory directory;
  const auto path = directory / "journal";
  const auto before = umask(0);
  if (GENERATE(false, true)) put(path, "");
  auto journal = must(open_journal("sqlite:" + path.string(), OpenMode::create));
  must(journal->create_run(a_plan(), some_targets(1), noon()));
  must(journal->lock_run(1));
  umask(before);
  for (const auto* end : {"", "-wal", "-shm", ".r1.lock"}) CHECK(mode_of(path.string() + end) == 0600);
}

TEST_CASE("sqlite journal: what isn't a journal is refused and left alone") {
  TemporaryDirectory directory;
  const auto path = directory / "file";
  SECTION("text") {
    put(path, std::string(5000, 'x'));
    check_refused(path, ErrorKind::refused, "not an SQLite database");
  }
  SECTION("a few bytes") {
    put(path, "SQLite format 3");
    check_refused(path, ErrorKind::refused, "not an SQLite database");
  }
  SECTION("another application's database") {
    sql(path, "create table t (a)");
    check_refused(path, ErrorKind::refused, "another application");
  }
  SECTION("a newer format") {
    must(open_journal(path.string(), OpenMode::create));
    sql(path, "pragma journal_mode = delete; pragma user_version = 2");
    check_refused(path, ErrorKind::refused, "format 2");
  }
  SECTION("cut off") {
    must(open_journal(path.string(), OpenMode::create));
    std::filesystem::resize_file(path, 6000);
    check_refused(path, ErrorKind::corrupt, "shorter");
  }
  SECTION("a directory") {
    std::filesystem::create_directory(path);
    CHECK(must_fail(open_journal(path.string(), OpenMode::create)).kind == ErrorKind::refused);
  }
}

TEST_CASE("sqlite journal: a file is made only when asked to") {
  TemporaryDirectory directory;
  const auto path = (directory / "journal").string();
  CHECK(must_fail(open_journal(path, OpenMode::read_only)).kind == ErrorKind::not_found);
  CHECK(must_fail(open_journal(path, OpenMode::read_write)).kind == ErrorKind::not_found);
  CHECK_FALSE(std::filesystem::exists(path));
  put(path, "");
  CHECK(must_fail(open_journal(path, OpenMode::read_write)).kind == ErrorKind::refused);
  CHECK(std::filesystem::file_size(path) == 0);
  const auto error = must_fail(open_journal((directory / "none/journal").string(), OpenMode::create));
  CHECK_THAT(error.remedy, Catch::Contains("directory"));
  CHECK(must_fail(open_journal("sqlite:", OpenMode::create)).kind == ErrorKind::usage);
}

TEST_CASE("sqlite journal: opened for reading, it reads while another writes, and refuses to write") {
  TemporaryDirectory directory;
  const auto path = (directory / "journal").string();
  auto writer = must(open_journal(path, OpenMode::create));
  auto reader = must(open_journal(path, OpenMode::read_only));
  must(writer->create_run(a_plan(), some_targets(1), noon()));
  CHECK(must(reader->runs()).size() == 1);
  CHECK(must(reader->verify()).empty());
  CHECK(must_fail(reader->create_run(a_plan(), some_targets(1), noon())).kind == ErrorKind::refused);
  CHECK(must_fail(reader->lock_run(1)).kind == ErrorKind::refused);
}

TEST_CASE("sqlite journal: the chain is computed as the specification says") {
  TemporaryDirectory directory;
  auto journal = must(open_journal((directory / "journal").string(), OpenMode::create));
  must(journal->create_run(a_plan(), some_targets(1), noon()));
  SqliteDatabase raw;
  must(raw.open(directory / "journal", true));
  auto row = must(raw.prepare("select hash from events where target = 1"));
  REQUIRE(must(row.step()));
  const auto expected = "pgconvoy/" + journal->token() + "/r1/t1\n" +
                        json{{"at", "2026-11-22T12:00:00.000Z"},
                             {"attempt", 0},
                             {"data", a_target(1)},
                             {"epoch", 0},
                             {"kind", "target_planned"},
                             {"run", 1},
                             {"sequence", 2},
                             {"step", ""},
                             {"target", 1}}
                            .dump();
  CHECK(row.text(0) == sha256_hex(expected));
}

TEST_CASE("sqlite journal: 20,000 targets are planned and listed, and what the readers ask goes through an index") {
  TemporaryDirectory directory;
  auto journal = must(open_journal((directory / "journal").string(), OpenMode::create));
  must(journal->create_run(a_plan(), some_targets(20'000), noon()));
  CHECK(must(journal->targets(1, false)).size() == 20'000);
  CHECK(must(journal->run(1)).counts.at(TargetState::pending) == 20'000);
  SqliteDatabase raw;
  must(raw.open(directory / "journal", true));
  for (const auto* query : {"select state, count(*) from targets where run = 1 group by state",
                            "select * from events where run = 1 and sequence > 5 order by sequence limit 500",
                            "select * from events order by run, target, sequence"}) {
    auto row = must(raw.prepare(std::string("explain query plan ") + query));
    REQUIRE(must(row.step()));
    CHECK_THAT(row.text(3), Catch::Contains("INDEX"));
    CHECK_FALSE(must(row.step()));  // no sorting
  }
}

TEST_CASE("sqlite journal: a file without the details of backups is read as it is, and completed when it is written to") {
  TemporaryDirectory directory;
  const auto path = (directory / "journal").string();
  Writer write;
  const json made{{"instance", "shop-db"}, {"file", "/b/shop.dump"}};
  {
    auto journal = must(open_journal(path, OpenMode::create));
    must(journal->create_run(a_plan(), some_targets(1), noon()));
    append(*journal, {write.claim(), write.start("backup"), write.succeed("backup", 1, {{"backup", made}})});
  }
  sql(path, "alter table backups drop column details");
  const auto before = content(path);
  {
    auto journal = must(open_journal(path, OpenMode::read_only));
    REQUIRE(must(journal->backups()).size() == 1);
    CHECK(must(journal->backups())[0].details == json::object());
    CHECK(must(journal->verify()).empty());
  }
  CHECK(content(path) == before);
  auto journal = must(open_journal(path, OpenMode::read_write));
  json again = made;
  again["file"] = "/b/shop-2.dump";
  again["host"] = "runner-1";
  append(*journal, {write.start("restore"), write.succeed("restore", 1, {{"backup", again}})});
  const auto backups = must(journal->backups());
  REQUIRE(backups.size() == 2);
  CHECK((backups[0].details.empty() ? backups[1] : backups[0]).details == json{{"host", "runner-1"}});
  CHECK(must(journal->verify()).empty());
}

TEST_CASE("sqlite journal: what another process wrote about a target is known to the next event, whatever was kept of it") {
  TemporaryDirectory directory;
  const std::string path = (directory / "journal.db").string();
  auto ours = must(open_journal(path, OpenMode::create)), theirs = must(open_journal(path, OpenMode::read_write));
  Writer write;
  must(ours->create_run(a_plan(), some_targets(1), noon()));
  append(*ours, {write.of_run(EventKind::run_started), write.claim(), write.start("a")});
  append(*theirs, {write.succeed("a")});
  std::vector<Event> again{write.succeed("a")};
  CHECK(must_fail(ours->append(again)).kind == ErrorKind::conflict);  // it has succeeded already
  append(*ours, {write.start("b")});
  append(*theirs, {write.succeed("b"), write.start("c")});
  append(*ours, {write.succeed("c")});
  CHECK(must(ours->target(1, 1)).steps.size() == 3);
  // A batch that is refused leaves nothing behind.
  std::vector<Event> half{write.start("d"), write.start("d")};
  CHECK_FALSE(ours->append(half));
  append(*ours, {write.start("d")});
  CHECK(must(ours->verify()) == std::vector<std::string>());
}
