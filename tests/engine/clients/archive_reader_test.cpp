#include "engine/clients/archive_reader.hpp"

#include "tests/engine/clients/made_archives.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::clients;

namespace {

using made::Entry;

Result<std::vector<std::string>> paths_in(const std::string& bytes, const ScanLimits& limits = {}, std::size_t block = 65536) {
  auto source = memory_source(bytes, block);
  ArchiveReader reader(*source, ArchiveFormat::tar, limits, "layer x");
  std::vector<std::string> paths;
  for (;;) {
    TRY(const auto entry, reader.next());
    if (!entry) return paths;
    paths.push_back(entry->path);
  }
}

ErrorKind kind_of_reading(const std::string& bytes, const ScanLimits& limits = {}) {
  const auto paths = paths_in(bytes, limits);
  REQUIRE_FALSE(paths);
  return paths.error().kind;
}

}  // namespace

TEST_CASE("archive reader: paths are given in one form, whatever the compression and the size of blocks", "[clients]") {
  const std::vector<Entry> entries{{"./", "", Entry::folder}, {"./usr//lib/", "", Entry::folder}, {"/usr/lib/a", "text"}, {"b", "more"}};
  const std::vector<std::string> expected{"", "usr/lib", "usr/lib/a", "b"};
  for (const auto packed : {made::Packed::no, made::Packed::gzip, made::Packed::zstd})
    for (const std::size_t block : {1, 511, 65536}) {
      const auto paths = paths_in(made::tar(entries, packed), {}, block);
      REQUIRE(paths);
      CHECK(*paths == expected);
    }
}

TEST_CASE("archive reader: names that aren't ASCII come as they are", "[clients]") {
  const auto paths = paths_in(made::tar({{"größe/libpq.so", ""}, {"lat\xefn", ""}}));
  REQUIRE(paths);
  CHECK(*paths == std::vector<std::string>{"größe/libpq.so", "lat\xefn"});
}

TEST_CASE("archive reader: a path or a link that leads out is refused", "[clients]") {
  CHECK(kind_of_reading(made::tar({{"../../etc/passwd", "x"}})) == ErrorKind::refused);
  CHECK(kind_of_reading(made::tar({{"usr/../../etc/passwd", "x"}})) == ErrorKind::refused);
  CHECK(kind_of_reading(made::tar({{"a", "", Entry::symlink, "../etc"}})) == ErrorKind::refused);
  CHECK(kind_of_reading(made::tar({{"usr/a", "", Entry::symlink, "../../etc"}})) == ErrorKind::refused);
  CHECK(kind_of_reading(made::tar({{"usr/a", "", Entry::symlink, "/../etc"}})) == ErrorKind::refused);
  CHECK(kind_of_reading(made::tar({{"usr/a", "", Entry::hardlink, "../etc/passwd"}})) == ErrorKind::refused);
}

TEST_CASE("archive reader: links inside are fine, absolute ones start at the image's root", "[clients]") {
  CHECK(paths_in(made::tar({{"usr/lib/a", "", Entry::symlink, "../../etc/a"}, {"b", "", Entry::symlink, "/etc/b"}, {"usr/c", "", Entry::symlink, "lib/../d"}})));
}

TEST_CASE("archive reader: what is cut off or no archive is an error, at any place", "[clients]") {
  std::string noise;
  for (unsigned i = 0, state = 7; i < 300'000; ++i) noise += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  for (const auto packed : {made::Packed::no, made::Packed::gzip, made::Packed::zstd}) {
    const std::string whole = made::tar({{"a", noise}, {"b", noise}}, packed);
    for (const std::size_t left : {whole.size() / 3, whole.size() * 2 / 3})
      CHECK(kind_of_reading(whole.substr(0, left)) == ErrorKind::corrupt);
  }
  CHECK(kind_of_reading("<html>not found</html>" + std::string(2000, ' ')) == ErrorKind::corrupt);
}

TEST_CASE("archive reader: an archive that unpacks without end is refused early", "[clients]") {
  ScanLimits limits;
  limits.ratio_from = 4 << 20;
  limits.ratio = 100;
  const std::string zeros(32 << 20, '\0');
  for (const auto packed : {made::Packed::gzip, made::Packed::zstd}) {
    const std::string bomb = made::tar({{"zeros", zeros}}, packed);
    REQUIRE(bomb.size() < zeros.size() / 500);
    auto source = memory_source(bomb, 64);
    ArchiveReader reader(*source, ArchiveFormat::tar, limits, "layer x");
    REQUIRE(reader.next());
    const auto second = reader.next();
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == ErrorKind::refused);
    CHECK(reader.unpacked() < (6 << 20));
    // The same under wider limits is fine.
    CHECK(paths_in(bomb));
  }
}

TEST_CASE("archive: nothing is read any more when the time for it is over") {
  ScanLimits limits;
  const std::string bytes = made::tar({{"a", "text"}});
  limits.until = std::chrono::steady_clock::now() + std::chrono::hours(1);
  CHECK(paths_in(bytes, limits).has_value());
  limits.until = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  CHECK(kind_of_reading(bytes, limits) == ErrorKind::timeout);
}

TEST_CASE("archive reader: more data, more entries and more compressions than allowed are refused", "[clients]") {
  ScanLimits limits;
  limits.unpacked = 100'000;
  CHECK(kind_of_reading(made::tar({{"a", std::string(200'000, 'a')}}, made::Packed::gzip), limits) == ErrorKind::refused);
  CHECK(kind_of_reading(made::tar({{std::string(5000, 'a'), ""}})) == ErrorKind::refused);
  limits = {};
  limits.entries = 2;
  CHECK(kind_of_reading(made::tar({{"a", ""}, {"b", ""}, {"c", ""}}), limits) == ErrorKind::refused);
  CHECK(kind_of_reading(made::packed(made::tar({{"a", ""}}, made::Packed::gzip), made::Packed::gzip)) == ErrorKind::refused);
}

TEST_CASE("digest source: a wrong digest, too few and too many bytes", "[clients]") {
  const std::string text(100'000, 'x');
  const auto finished = [&](const std::string& digest, std::int64_t size) {
    auto inner = memory_source(text, 1000);
    DigestSource source(*inner, digest, size, "layer x");
    return source.finish();
  };
  const auto size = static_cast<std::int64_t>(text.size());
  CHECK(finished(made::digest(text), size));
  CHECK(*finished("", -1) == made::digest(text));
  CHECK(finished(made::digest("y"), size).error().kind == ErrorKind::corrupt);
  CHECK(finished(made::digest(text), size + 1).error().message.find("cut off") != std::string::npos);
  CHECK(finished(made::digest(text), size - 1).error().message.find("more than") != std::string::npos);
}
