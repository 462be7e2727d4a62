// One bit of a journal's files is flipped, anywhere: it is found, or no reader returns anything else than before.
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>

#include "tests/engine/journal/everything.hpp"
#include "tests/engine/journal/fixtures.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// A run with all that a journal holds: index pages, overflow pages, and free ones where a long reason stood.
std::unique_ptr<Journal> a_journal(const std::string& path) {
  auto journal = must(open_journal(path, OpenMode::create));
  auto planned = some_targets(4);
  for (json& target : planned) target["steps"] = {{{"path", "page_on"}}, {{"path", "backup"}}};
  must(journal->create_run(a_plan(), planned, noon()));
  Writer write;
  append(*journal, {write.of_run(EventKind::run_started, {{"pid", 1}})});
  for (int target = 1; target <= 2; ++target) {
    write.target = target;
    write.epoch = 1;
    append(*journal, {write.claim(), write(EventKind::facts_gathered, {}, {{"findings", json::array()}, {"facts", std::string(5000, 'f')}}),
                      write.start("page_on"), write.succeed("page_on"), write.start("backup"), write.fail("backup")});
    append(*journal, {write(EventKind::target_stuck, {}, {{"reason", std::string(9000, 'r')}})});
    for (int note = 0; note < 6; ++note) append(*journal, {write(EventKind::note, {}, {{"text", fmt::format("note {}", note)}})});
  }
  write.target = 1;
  write.epoch = 2;
  append(*journal, {write.claim(), write.start("backup", 2),
                    write.succeed("backup", 2, {{"backup", {{"file", "/b/shop.dump"}, {"instance", "shop-db"}, {"bytes", 77}}}}),
                    write(EventKind::obligation_made, "backup", {{"id", "r1/t1/drop"}, {"kind", "drop_source"}}, 2),
                    write(EventKind::target_succeeded)});
  return journal;
}

struct Flips {
  int found = 0, unfound = 0, changed = 0;
};

// Flips one bit of one file of the copy at `path`, looks, and says what came of it.
void flip(const std::string& path, const std::string& file, const std::string& sound, std::size_t byte, int bit,
          const std::vector<std::string>& may_be, Flips& flips) {
  std::string damaged = sound;
  damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
  write_bytes(file, damaged);
  std::filesystem::remove(path + "-shm");
  INFO(file << " byte " << byte << " bit " << bit);
  auto journal = open_journal(path, OpenMode::read_only);
  if (!journal) {
    CHECK((journal.error().kind == ErrorKind::corrupt || journal.error().kind == ErrorKind::refused));
    CHECK_FALSE(journal.error().message.empty());
    CHECK_FALSE(journal.error().remedy.empty());
    ++flips.found;
    return;
  }
  const auto problems = (*journal)->verify();
  const auto read = everything(**journal);  // whatever it returns: it does return
  if (!problems || !problems->empty()) {
    if (!problems) CHECK(problems.error().kind == ErrorKind::corrupt);
    ++flips.found;
    return;
  }
  ++flips.unfound;
  const auto same = std::find(may_be.begin(), may_be.end(), read);
  CHECK(same != may_be.end());
  if (same != may_be.begin()) ++flips.changed;
}

std::string class_of(const std::string& bytes, std::size_t byte) {
  constexpr std::size_t kPage = 4096;
  if (byte < 100) return "header";
  const std::size_t page = byte / kPage * kPage;
  const std::size_t begin = page == 0 ? 100 : 0, offset = byte - page;
  const auto at = [&](std::size_t where) { return static_cast<unsigned char>(bytes[page + where]); };
  const auto type = at(begin);
  if (type != 2 && type != 5 && type != 10 && type != 13) return "overflow or free page";
  const bool index = type == 2 || type == 10;
  const std::size_t header = begin + (type == 2 || type == 5 ? 12 : 8);
  if (offset < header) return "page header";
  const std::size_t pointers = header + 2 * (at(begin + 3) << 8 | at(begin + 4));
  if (offset < pointers) return "cell pointers";
  const std::size_t cells = at(begin + 5) << 8 | at(begin + 6);
  return offset < cells ? "unused" : index ? "index cells" : "table cells";
}

int times() { return std::getenv("PGCONVOY_TEST_FULL") ? 20 : 1; }

}  // namespace

TEST_CASE("bit flips: each in a journal's file is found, or changes nothing that is read") {
  TemporaryDirectory directory;
  const auto path = (directory / "journal").string();
  a_journal(path).reset();
  const auto sound = bytes_of(path);
  std::string before;
  {
    auto journal = must(open_journal(path, OpenMode::read_only));
    REQUIRE(must(journal->verify()).empty());
    before = everything(*journal);
    REQUIRE(before.find("error: ") == std::string::npos);
  }
  std::map<std::string, std::vector<std::size_t>> classes;
  for (std::size_t byte = 0; byte < sound.size(); ++byte) classes[class_of(sound, byte)].push_back(byte);
  REQUIRE(classes.size() == 7);

  std::mt19937 random(13);
  std::map<std::string, Flips> flips;
  for (const auto& [name, bytes] : classes)
    for (int n = 0; n < 15 * times(); ++n)
      flip(path, path, sound, bytes[random() % bytes.size()], static_cast<int>(random() % 8), {before}, flips[name]);
  for (const auto& [name, seen] : flips) {
    INFO(name << ": " << seen.found << " found, " << seen.unfound << " changed nothing");
    if (name == "table cells" || name == "index cells" || name == "cell pointers") CHECK(seen.found > seen.unfound);
    if (name == "unused") CHECK(seen.found == 0);
  }
}

TEST_CASE("bit flips: each in the write-ahead file is found, changes nothing, or cuts off the last transaction") {
  TemporaryDirectory directory;
  const auto path = (directory / "journal").string(), copy = (directory / "copy").string();
  auto journal = a_journal(path);
  const auto before_last = everything(*journal);
  const auto boundary = bytes_of(path + "-wal").size();
  Writer write{.target = 4, .second = 900};
  append(*journal, {write.claim(), write(EventKind::note, {}, {{"text", std::string(5000, 'n')}})});
  const auto before = everything(*journal);
  const auto wal = bytes_of(path + "-wal");
  REQUIRE(wal.size() > boundary);
  write_bytes(copy, bytes_of(path));

  std::mt19937 random(15);
  Flips header, frames, last;
  const auto any = [&](std::size_t begin, std::size_t end) { return begin + random() % (end - begin); };
  for (int n = 0; n < 10 * times(); ++n) {
    flip(copy, copy + "-wal", wal, any(0, 32), static_cast<int>(random() % 8), {before}, header);
    flip(copy, copy + "-wal", wal, any(32, boundary), static_cast<int>(random() % 8), {before}, frames);
    flip(copy, copy + "-wal", wal, any(boundary, wal.size()), static_cast<int>(random() % 8), {before, before_last}, last);
  }
  INFO("header " << header.found << "/" << header.unfound << ", frames " << frames.found << "/" << frames.unfound
                 << ", last transaction " << last.found << "/" << last.unfound << ", of which cut off " << last.changed);
  CHECK(frames.unfound == 0);
  CHECK(header.found > header.unfound);
}
