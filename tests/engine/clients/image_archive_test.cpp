#include "engine/clients/image_archive.hpp"

#include "engine/clients/image_manifest.hpp"
#include "engine/clients/layer_cache.hpp"
#include "tests/engine/clients/made_archives.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::clients;
using made::Entry;

namespace {

// A source that can't be read twice, as a pipe.
class Pipe final : public ByteSource {
 public:
  explicit Pipe(std::string text) : inner_(memory_source(std::move(text), 10'000)) {}
  Result<std::string_view> next() override { return inner_->next(); }

 private:
  std::unique_ptr<ByteSource> inner_;
};

Result<std::vector<ClientScan>> scanned(const std::string& bytes, bool pipe = false) {
  if (pipe) {
    Pipe source(bytes);
    return scan_archive(source, "shop.tar", {});
  }
  auto source = memory_source(bytes, 10'000);
  return scan_archive(*source, "shop.tar", {});
}

std::string layer(const std::vector<Entry>& entries, made::Packed packed = made::Packed::no) { return made::tar(entries, packed); }

const std::vector<Entry> kBase{{"usr/lib/libpq.so.5.9", made::old_libpq()}, {"usr/lib/other", std::string(50'000, 'x')}};
const std::vector<Entry> kUpgrade{{"usr/lib/.wh.libpq.so.5.9", ""}, {"usr/lib/libpq.so.5.13", made::new_libpq()}};

}  // namespace

TEST_CASE("image archive: docker save, in any order and however it is packed or comes", "[clients]") {
  auto entries = made::saved_image({layer(kBase), layer(kUpgrade)});
  for (const bool manifest_first : {false, true}) {
    if (manifest_first) std::rotate(entries.begin(), entries.end() - 2, entries.end());
    for (const auto packed : {made::Packed::no, made::Packed::gzip, made::Packed::zstd})
      for (const bool pipe : {false, true}) {
        const auto scans = scanned(made::tar(entries, packed), pipe);
        REQUIRE(scans);
        REQUIRE(scans->size() == 1);
        const ClientScan& scan = scans->front();
        CHECK(scan.kind == "docker-archive");
        CHECK(scan.image == "shop:1");
        CHECK(scan.layers == 2);
        REQUIRE(scan.clients.size() == 1);
        CHECK(scan.clients[0].path == "/usr/lib/libpq.so.5.13");
        CHECK(scan.verdict() == SpeaksScram::yes);
      }
  }
}

TEST_CASE("image archive: OCI, layers by gzip and by zstd", "[clients]") {
  const auto entries = made::oci_image({layer(kBase, made::Packed::gzip), layer({{"app/x", "y"}}, made::Packed::zstd)});
  for (const bool pipe : {false, true}) {
    const auto scans = scanned(made::tar(entries), pipe);
    REQUIRE(scans);
    CHECK(scans->front().kind == "oci-archive");
    REQUIRE(scans->front().clients.size() == 1);
    CHECK(scans->front().clients[0].layer == made::digest(layer(kBase, made::Packed::gzip)));
    CHECK(scans->front().verdict() == SpeaksScram::no);
  }
  // As tar -C DIR . begins.
  auto dotted = entries;
  dotted.insert(dotted.begin(), {"./", "", Entry::folder});
  CHECK(scanned(made::tar(dotted))->front().kind == "oci-archive");
}

TEST_CASE("image archive: a plain tar of a root file system", "[clients]") {
  for (const auto packed : {made::Packed::no, made::Packed::gzip})
    for (const bool pipe : {false, true}) {
      const auto scans = scanned(layer(kBase, packed), pipe);
      REQUIRE(scans);
      CHECK(scans->front().kind == "archive");
      CHECK(scans->front().verdict() == SpeaksScram::no);
    }
}

TEST_CASE("image archive: names of entries as other tools write them, and a root file system with a manifest.json inside", "[clients]") {
  // go-containerregistry: a configuration without an ending, layers compressed.
  auto entries = made::saved_image({layer(kBase)});
  const std::string name = "sha256:" + std::string(64, 'a');
  entries[0] = {std::string(64, 'b') + ".tar.gz", layer(kBase, made::Packed::gzip)};
  entries[1].path = name;
  entries[2].content = json::array({{{"Config", name}, {"RepoTags", {"shop:1"}}, {"Layers", {entries[0].path}}}}).dump();
  std::swap(entries[0], entries[1]);
  for (const bool pipe : {false, true}) {
    const auto scans = scanned(made::tar(entries), pipe);
    REQUIRE(scans);
    CHECK(scans->front().kind == "docker-archive");
    CHECK(scans->front().verdict() == SpeaksScram::no);
  }
  const auto root = scanned(layer({{"app/manifest.json", "{}"}, {"app/index.json", "{}"}, {"app/node_modules/pg/package.json", R"({"name":"pg","version":"6.0.0"})"}}));
  REQUIRE(root);
  CHECK(root->front().kind == "archive");
  CHECK(root->front().verdict() == SpeaksScram::no);
}

TEST_CASE("image archive: a layer that isn't what its digest says", "[clients]") {
  auto saved = made::saved_image({layer(kBase)});
  saved[0].content = layer(kUpgrade);
  for (const bool pipe : {false, true}) {
    const auto scans = scanned(made::tar(saved), pipe);
    REQUIRE_FALSE(scans);
    CHECK(scans.error().kind == ErrorKind::corrupt);
    CHECK(scans.error().message.find("digest") != std::string::npos);
  }
  auto oci = made::oci_image({layer(kBase, made::Packed::gzip)});
  oci[1].content = layer(kUpgrade, made::Packed::gzip);
  for (const bool pipe : {false, true}) CHECK(scanned(made::tar(oci), pipe).error().kind == ErrorKind::corrupt);
  // The manifest itself.
  auto manifest = made::oci_image({layer(kBase, made::Packed::gzip)});
  manifest[3].content += " ";
  CHECK(scanned(made::tar(manifest)).error().kind == ErrorKind::corrupt);
}

TEST_CASE("image archive: a hostile layer, and what is missing", "[clients]") {
  CHECK(scanned(made::tar(made::saved_image({layer({{"../../etc/cron.d/x", "x"}})}))).error().kind == ErrorKind::refused);
  CHECK(scanned(made::tar(made::saved_image({layer({{"a", "", Entry::symlink, "../../etc"}})}))).error().kind == ErrorKind::refused);
  auto missing = made::saved_image({layer(kBase), layer(kUpgrade)});
  missing.erase(missing.begin());
  CHECK(scanned(made::tar(missing)).error().message.find("no layer") != std::string::npos);
  auto unconfigured = made::saved_image({layer(kBase)});
  std::erase_if(unconfigured, [](const Entry& entry) { return entry.path == "config.json"; });
  CHECK(scanned(made::tar(unconfigured)).error().message.find("config.json") != std::string::npos);
  const std::string whole = made::tar(made::saved_image({layer(kBase)}));
  for (const bool pipe : {false, true}) CHECK(scanned(whole.substr(0, whole.size() / 2), pipe).error().kind == ErrorKind::corrupt);
  CHECK(scanned("").error().kind == ErrorKind::corrupt);
}

TEST_CASE("image archive: a layer that is a link to another's, as old versions of docker save write them", "[clients]") {
  auto entries = made::saved_image({layer(kBase), layer(kBase)});
  const std::string first = entries[0].path;
  entries[1] = {entries[1].path, "", Entry::symlink, "../" + first};
  const auto scans = scanned(made::tar(entries));
  REQUIRE(scans);
  CHECK(scans->front().clients.size() == 1);
  entries[1].target = "../../" + first;
  CHECK(scanned(made::tar(entries)).error().kind == ErrorKind::refused);
}

TEST_CASE("image manifest: platforms", "[clients]") {
  const auto descriptor = [](const std::string& digit, const std::string& os, const std::string& architecture) {
    return json{{"mediaType", "application/vnd.oci.image.manifest.v1+json"}, {"digest", "sha256:" + std::string(64, digit[0])}, {"size", 1}, {"platform", {{"os", os}, {"architecture", architecture}}}};
  };
  const auto all = read_index(json{{"manifests", {descriptor("a", "linux", "arm64"), descriptor("b", "linux", "amd64"), descriptor("c", "unknown", "unknown")}}});
  REQUIRE(all);
  CHECK(all->size() == 2);
  CHECK(for_platform(*all, "")->front().digest[7] == 'b');
  CHECK(for_platform(*all, "linux/arm64")->front().digest[7] == 'a');
  CHECK(for_platform(*all, "windows/amd64").error().message.find("linux/arm64") != std::string::npos);
  CHECK(for_platform({all->front()}, "")->front().digest[7] == 'a');
}

TEST_CASE("image manifest: documents of others that are not what they should be are errors, never exceptions", "[clients]") {
  for (const char* text : {"[]", "{}", "[1]", R"([{"Layers":[1],"Config":"c"}])", R"([{"Layers":{}}])", R"([{"Layers":["a"],"Config":1}])", "null", "[[[["}) {
    const auto images = resolve_saved_images(text, [](const Descriptor&) -> Result<std::string> { return R"({"rootfs":1})"; }, 10);
    CHECK_FALSE(images);
  }
  for (const char* text : {R"({"manifests":1})", R"({"manifests":[1]})", R"({"manifests":[{"digest":"sha256:x","size":1}]})", R"({"layers":[{}]})", R"({"fsLayers":[]})", "[]", "7"}) {
    const auto image = resolve_image([&](const Descriptor&) -> Result<std::string> { return text; }, {}, "", 10);
    CHECK_FALSE(image);
  }
  CHECK_FALSE(checked_digest("sha256:../../etc/passwd"));
  CHECK_FALSE(checked_digest("sha512:" + std::string(128, 'a')));
}

TEST_CASE("layer cache: the oldest goes first when it is full", "[clients]") {
  const auto scan = [] {
    auto one = std::make_shared<LayerScan>();
    one->files.resize(1000);
    return one;
  };
  LayerCache cache(20'000);
  for (const char* digest : {"a", "b", "c"}) cache.put(digest, scan());
  CHECK_FALSE(cache.find("a"));
  CHECK(cache.find("b"));
  CHECK(cache.find("c"));
}
