#include "engine/clients/layers.hpp"

#include "tests/engine/clients/made_archives.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::clients;
using made::Entry;

namespace {

LayerScan layer_of(const std::vector<Entry>& entries, made::Packed packed = made::Packed::no, std::size_t block = 65536) {
  auto source = memory_source(made::tar(entries, packed), block);
  auto scan = scan_layer(*source, "layer", {});
  REQUIRE(scan);
  return *std::move(scan);
}

// "libpq no /lib/libpq.so.5.9", a line each.
std::vector<std::string> merged(const std::vector<std::vector<Entry>>& layers) {
  std::vector<LayerScan> scans;
  for (const auto& entries : layers) scans.push_back(layer_of(entries));
  std::vector<const LayerScan*> pointers;
  for (const auto& scan : scans) pointers.push_back(&scan);
  std::vector<std::string> lines;
  for (const auto& client : merge_layers(pointers).clients) lines.push_back(client.kind + " " + to_string(client.scram) + " " + client.path);
  return lines;
}

const std::vector<Entry> kOld{{"usr/lib/libpq.so.5.9", made::old_libpq()}};
const std::vector<std::string> kNothing, kOldFound{"libpq no /usr/lib/libpq.so.5.9"};

}  // namespace

TEST_CASE("layers: what a later layer doesn't touch is there", "[clients]") {
  CHECK(merged({kOld, {{"usr/lib/other", "x"}, {"usr/lib/.wh.libpq.so.5.99", ""}, {"usr/lib/.wh.libpq.so.5", ""}, {"usr/li", "x"}}}) == kOldFound);
  CHECK(merged({kOld, {{"usr/", "", Entry::folder}, {"usr/lib/", "", Entry::folder}}}) == kOldFound);
}

TEST_CASE("layers: a whiteout of the file or of a folder above removes it", "[clients]") {
  CHECK(merged({kOld, {{"usr/lib/.wh.libpq.so.5.9", ""}}}) == kNothing);
  CHECK(merged({kOld, {{"usr/.wh.lib", ""}}}) == kNothing);
  CHECK(merged({kOld, {{".wh.usr", ""}}}) == kNothing);
  CHECK(merged({kOld, {}, {{".wh.usr", ""}}, {}}) == kNothing);
}

TEST_CASE("layers: a whiteout counts for layers below only", "[clients]") {
  CHECK(merged({{{".wh.usr", ""}}, kOld}) == kOldFound);
  // In the same layer, whatever the order.
  CHECK(merged({{{"usr/lib/libpq.so.5.9", made::old_libpq()}, {"usr/lib/.wh.libpq.so.5.9", ""}}}) == kOldFound);
}

TEST_CASE("layers: an opaque folder hides what was below it, not what it brings", "[clients]") {
  CHECK(merged({kOld, {{"usr/lib/.wh..wh..opq", ""}}}) == kNothing);
  CHECK(merged({kOld, {{"usr/lib/.wh..wh..opq", ""}, {"usr/lib/libpq.so.5.15", made::new_libpq()}}}) ==
        std::vector<std::string>{"libpq yes /usr/lib/libpq.so.5.15"});
  CHECK(merged({kOld, {{".wh..wh..opq", ""}}}) == kNothing);
  CHECK(merged({kOld, {{"usr/libexec/.wh..wh..opq", ""}}}) == kOldFound);
}

TEST_CASE("layers: a file is replaced by one of its name, or by something in place of a folder above", "[clients]") {
  CHECK(merged({kOld, {{"usr/lib/libpq.so.5.9", made::new_libpq()}}}) == std::vector<std::string>{"libpq yes /usr/lib/libpq.so.5.9"});
  CHECK(merged({kOld, {{"usr/lib/libpq.so.5.9", "", Entry::symlink, "libpq.so.5.15"}}}) == kNothing);
  CHECK(merged({kOld, {{"usr/lib", "", Entry::symlink, "lib64"}}}) == kNothing);
  CHECK(merged({kOld, {{"usr/lib/libpq.so.5.9/", "", Entry::folder}}}) == kNothing);
}

TEST_CASE("layers: of two entries with one path the later one is there", "[clients]") {
  CHECK(merged({{{"lib/libpq.so.5", made::old_libpq()}, {"lib/libpq.so.5", made::new_libpq()}}}) == std::vector<std::string>{"libpq yes /lib/libpq.so.5"});
  CHECK(merged({{{"lib/libpq.so.5", made::old_libpq()}, {"lib/libpq.so.5", "nothing"}}}) == kNothing);
}

TEST_CASE("layers: a hard link keeps a file whose first name is removed", "[clients]") {
  CHECK(merged({{{"store/libpq.so.5.9", made::old_libpq()}, {"lib/libpq.so.5", "", Entry::hardlink, "store/libpq.so.5.9"}}, {{".wh.store", ""}}}) ==
        std::vector<std::string>{"libpq no /lib/libpq.so.5"});
}

TEST_CASE("layers: a whiteout that leads out is refused", "[clients]") {
  for (const char* path : {"usr/.wh...", "usr/.wh..", ".wh."}) {
    auto source = memory_source(made::tar({{path, ""}}));
    const auto scan = scan_layer(*source, "layer", {});
    REQUIRE_FALSE(scan);
    CHECK(scan.error().kind == ErrorKind::refused);
  }
}

TEST_CASE("layers: compressed or not, in blocks of any size, the same is found", "[clients]") {
  for (const auto packed : {made::Packed::no, made::Packed::gzip, made::Packed::zstd})
    for (const std::size_t block : {7, 4096}) {
      const auto scan = layer_of({{"bin/app", made::elf({"x", "fe_sendauth: no password supplied", "SCRAM-SHA-256", "PGTARGETSESSIONATTRS"}, 70'000)}}, packed, block);
      REQUIRE(scan.clients.size() == 1);
      CHECK(scan.clients[0].scram == SpeaksScram::yes);
      CHECK(scan.clients[0].version == "10 or 11");
    }
}

TEST_CASE("layers: what all of an image hold is limited", "[clients]") {
  ScanLimits limits;
  limits.all_entries = 3;
  LayerTotals totals(limits);
  const auto two = layer_of({{"a", ""}, {".wh.b", ""}});
  CHECK(totals.add(two));
  CHECK(totals.add(two).error().kind == ErrorKind::refused);
  limits = {};
  limits.findings = 1;
  LayerTotals findings(limits);
  CHECK(findings.add(layer_of(kOld)));
  CHECK(findings.add(layer_of(kOld)).error().kind == ErrorKind::refused);
}

TEST_CASE("layers: drivers on libpq are judged by theirs", "[clients]") {
  const std::string packages = "usr/lib/python3/site-packages/";
  CHECK(merged({{{packages + "psycopg2-2.9.5.dist-info/METADATA", ""}}}) ==
        std::vector<std::string>{"psycopg2 unknown /" + packages + "psycopg2-2.9.5.dist-info/METADATA"});
  CHECK(merged({kOld, {{packages + "psycopg2-2.9.5.egg-info", ""}}})[1] == "psycopg2 no /" + packages + "psycopg2-2.9.5.egg-info");
  // The wheel's own library, old, and the system's, new: each is whose it is.
  const auto both = merged({{{packages + "psycopg2_binary-2.7.dist-info/METADATA", ""},
                             {packages + "psycopg2/.libs/libpq-e8a033dd.so.5.9", made::old_libpq()},
                             {"gems/3.1/specifications/pg-1.2.3.gemspec", ""},
                             {"usr/lib/libpq.so.5.15", made::new_libpq()}}});
  CHECK(std::count(both.begin(), both.end(), "psycopg2-binary no /" + packages + "psycopg2_binary-2.7.dist-info/METADATA") == 1);
  CHECK(std::count(both.begin(), both.end(), "ruby-pg yes /gems/3.1/specifications/pg-1.2.3.gemspec") == 1);
}
