#include "engine/clients/image_archive.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "engine/clients/archive_reader.hpp"
#include "engine/clients/image_manifest.hpp"
#include "engine/clients/image_scan.hpp"
#include "engine/clients/layer_cache.hpp"
#include "engine/clients/layers.hpp"
#include "engine/clients/path_rules.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy::clients {
namespace {

constexpr std::string_view kBlobFolder = "blobs/sha256/";
constexpr std::uint64_t kMostEntriesAround = 100'000;

// A layer in the archive, as far as its own bytes tell.
struct ReadLayer {
  std::shared_ptr<const LayerScan> scan;
  std::string digest;  // of the bytes as they are in the archive
  std::optional<Error> problem;  // instead of the other two: it may be that no image wants it
};

struct ArchiveContent {
  std::map<std::string, std::string> documents;  // by path
  std::size_t document_bytes = 0;
  std::map<std::string, std::string> links;      // path -> path, both inside
  std::map<std::string, ReadLayer> layers;

  bool is_image() const { return documents.count("manifest.json") > 0 || documents.count("index.json") > 0; }
  // The path behind links, as far as they are known; hostile circles end.
  std::string behind_links(std::string path) const {
    for (int i = 0; i < 8; ++i) {
      const auto link = links.find(path);
      if (link == links.end()) break;
      path = link->second;
    }
    return path;
  }
};

// At the root only: a file system of Node has tens of thousands of them further down.
bool may_be_document(const std::string& path) {
  if (path.starts_with(kBlobFolder)) return true;
  return path.find('/') == std::string::npos && (path.ends_with(".json") || path.starts_with("sha256:"));
}

bool may_be_layer(const std::string& path) {
  return path.starts_with(kBlobFolder) || path.ends_with(".tar") || path.ends_with(".tar.gz") || path.ends_with(".tgz") ||
         path.ends_with(".tar.zst");
}

// The first entry that isn't the root itself ("./", as tar -C DIR . begins). Error corrupt when there is none.
Result<ArchiveEntry> first_entry(ArchiveReader& reader) {
  for (;;) {
    TRY(auto entry, reader.next());
    if (!entry) return Error(ErrorKind::corrupt, "the archive is empty");
    if (!entry->path.empty()) return *std::move(entry);
  }
}

// Whether the first entry looks like that of an image rather than of a root file system, where nothing more can be known.
bool begins_an_image(const std::string& path) {
  if (path == "blobs" || path == "oci-layout" || path == "repositories" || may_be_document(path)) return true;
  const auto top = path.substr(0, path.find('/'));
  const auto stem = top.substr(0, top.find('.'));
  return stem.size() == 64 && stem.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// The target of a link from `path`, if it is a plain one inside the archive. (Those that lead out were refused.)
std::string target_of(const std::string& path, const std::string& target) {
  if (target.starts_with('/')) return {};
  std::vector<std::string> parts;
  const auto add = [&](std::string_view text) {
    while (!text.empty()) {
      const auto slash = text.find('/');
      const auto part = text.substr(0, slash);
      if (part == ".." && !parts.empty()) parts.pop_back();
      else if (!part.empty() && part != "." && part != "..") parts.emplace_back(part);
      if (slash == std::string_view::npos) break;
      text.remove_prefix(slash + 1);
    }
  };
  add(folder_of(path));
  add(target);
  std::string joined;
  for (const auto& part : parts) joined += (joined.empty() ? "" : "/") + part;
  return joined;
}

// Reads the archive from its beginning: documents always, the layers in `wanted`, or all when there is none.
class ArchivePass {
 public:
  ArchivePass(ArchiveReader& reader, const ScanOptions& options, const std::set<std::string>* wanted, ArchiveContent& content)
      : reader_(reader), options_(options), wanted_(wanted), content_(content), totals_(options.limits) {}

  Result<void> run(std::optional<ArchiveEntry> entry) {
    std::uint64_t count = 0;
    while (entry) {
      if (++count > kMostEntriesAround) {
        if (wanted_ && wanted_->empty() && !content_.is_image()) return {};  // a root file system
        return Error(ErrorKind::refused, "the archive has too many entries for one of images");
      }
      TRY_VOID(look_at(*entry));
      TRY(entry, reader_.next());
    }
    return {};
  }

 private:
  Result<void> look_at(const ArchiveEntry& entry) {
    if (entry.type == ArchiveEntry::Type::symlink) {
      if (auto target = target_of(entry.path, entry.target); !target.empty()) content_.links[entry.path] = std::move(target);
    } else if (entry.type == ArchiveEntry::Type::hardlink) {
      content_.links[entry.path] = entry.target;
    }
    if (entry.type != ArchiveEntry::Type::file || content_.documents.count(entry.path)) return {};
    const bool layer = may_be_layer(entry.path) && (!wanted_ || wanted_->count(entry.path));
    if (!may_be_document(entry.path) && !layer) return {};
    const bool small = entry.size >= 0 && static_cast<std::uint64_t>(entry.size) <= options_.limits.metadata;
    if (!small && !layer) return {};
    EntrySource bytes(reader_);
    TRY(const std::string_view first, bytes.next());
    const bool document = small && may_be_document(entry.path) && !first.empty() && (first[0] == '{' || first[0] == '[');
    ResumedSource all(std::string(first), bytes);
    if (document) return keep_document(entry, all);
    return layer ? read_layer(entry, all) : Result<void>();
  }

  Result<void> keep_document(const ArchiveEntry& entry, ByteSource& bytes) {
    const std::string expected = entry.path.starts_with(kBlobFolder) ? "sha256:" + entry.path.substr(kBlobFolder.size()) : "";
    DigestSource compared(bytes, expected, entry.size, printable(entry.path));
    TRY(std::string text, read_all(compared, options_.limits.metadata, printable(entry.path)));
    TRY_VOID(compared.finish());
    content_.document_bytes += text.size();
    if (content_.document_bytes > options_.limits.all_metadata) return Error(ErrorKind::refused, "the archive has too many documents");
    content_.documents[entry.path] = std::move(text);
    return {};
  }

  Result<void> read_layer(const ArchiveEntry& entry, ByteSource& bytes) {
    const bool by_digest = entry.path.starts_with(kBlobFolder);
    const std::string expected = by_digest ? "sha256:" + entry.path.substr(kBlobFolder.size()) : "";
    const std::string name = by_digest ? expected : printable(entry.path);
    DigestSource compared(bytes, expected, entry.size, "layer " + name);
    ReadLayer layer;
    if (options_.cache && by_digest) layer.scan = options_.cache->find(expected);
    if (layer.scan) {
      layer.digest = expected;
    } else {
      auto scan = scan_layer(compared, name, options_.limits);
      auto digest = scan ? compared.finish() : Result<std::string>(scan.error());
      if (digest) {
        layer.digest = *std::move(digest);
        layer.scan = std::make_shared<const LayerScan>(*std::move(scan));
        if (options_.cache && by_digest) options_.cache->put(expected, layer.scan);
      } else {
        layer.problem = std::move(digest).error();
      }
    }
    if (layer.scan) TRY_VOID(totals_.add(*layer.scan));
    content_.layers[entry.path] = std::move(layer);
    return {};
  }

  ArchiveReader& reader_;
  const ScanOptions& options_;
  const std::set<std::string>* wanted_;
  ArchiveContent& content_;
  LayerTotals totals_;
};

Result<std::string> document_at(const ArchiveContent& content, const std::string& path) {
  const auto found = content.documents.find(content.behind_links(path));
  if (found == content.documents.end())
    return Error(ErrorKind::corrupt, fmt::format("the archive has no document {}: it is damaged, or was cut off", printable(path)));
  return found->second;
}

struct Images {
  std::string kind;
  std::vector<ResolvedImage> images;
};

Result<Images> images_of(const ArchiveContent& content, const ScanOptions& options) {
  const DocumentReader read = [&](const Descriptor& wanted) {
    return document_at(content, wanted.path.empty() ? std::string(kBlobFolder) + wanted.digest.substr(7) : wanted.path);
  };
  Images found;
  const auto saved = content.documents.find("manifest.json");
  if (saved != content.documents.end()) {
    found.kind = "docker-archive";
    TRY(found.images, resolve_saved_images(saved->second, read, options.limits.layers));
    return found;
  }
  found.kind = "oci-archive";
  TRY(const std::string text, document_at(content, "index.json"));
  TRY(found.images, resolve_index_file(text, read, options));
  return found;
}

std::string path_in_archive(const ArchiveContent& content, const Descriptor& layer) {
  return content.behind_links(layer.path.empty() ? std::string(kBlobFolder) + layer.digest.substr(7) : layer.path);
}

Result<ClientScan> put_together(const ArchiveContent& content, const ResolvedImage& image, const std::string& kind, const std::string& shown) {
  std::vector<const LayerScan*> layers;
  for (const Descriptor& wanted : image.layers) {
    const auto found = content.layers.find(path_in_archive(content, wanted));
    if (found == content.layers.end())
      return Error(ErrorKind::corrupt, fmt::format("the archive has no layer {}: it is damaged, or was cut off", printable(wanted.label())));
    if (found->second.problem) return *found->second.problem;
    // The configuration names a layer by what it is unpacked; in an archive that names paths it is stored like that.
    if (wanted.digest.empty() && found->second.digest != wanted.diff_id && !found->first.ends_with("gz") && !found->first.ends_with("zst"))
      return Error(ErrorKind::corrupt, fmt::format("layer {} is not what its digest says: {} instead of {}", printable(wanted.path),
                                                   found->second.digest, wanted.diff_id));
    layers.push_back(found->second.scan.get());
  }
  return scan_of_layers(layers, shown, kind, image.name);
}

}  // namespace

Result<std::vector<ClientScan>> scan_archive(ByteSource& source, const std::string& shown, const ScanOptions& options) {
  ArchiveContent content;
  ScanLimits around = options.limits;
  around.unpacked = options.limits.unpacked * 4;
  // A new reader each time; nothing is held from one to the next.
  const auto read_from_here = [&](const std::set<std::string>* wanted) -> Result<void> {
    ArchiveReader reader(source, ArchiveFormat::tar, around, "the archive");
    TRY(auto entry, first_entry(reader));
    return ArchivePass(reader, options, wanted, content).run(std::move(entry));
  };
  bool twice = false;
  {
    ArchiveReader reader(source, ArchiveFormat::tar, around, "the archive");
    TRY(auto entry, first_entry(reader));
    twice = !reader.compressed() && source.seek(0);
    if (!twice && begins_an_image(entry.path)) {
      TRY_VOID(ArchivePass(reader, options, nullptr, content).run(std::move(entry)));
    } else if (!twice) {
      TRY(const auto scan, scan_entries(reader, std::move(entry), "", options.limits));
      return std::vector{scan_of_layers({&scan}, shown, "archive", "")};
    }
  }
  std::set<std::string> wanted;
  if (twice) TRY_VOID(read_from_here(&wanted));
  if (twice && !content.is_image()) {
    if (!source.seek(0)) return Error(ErrorKind::io, "the archive can't be read a second time");
    TRY(const auto scan, scan_layer(source, "", options.limits));
    return std::vector{scan_of_layers({&scan}, shown, "archive", "")};
  }
  TRY(const Images found, images_of(content, options));
  if (twice) {
    for (const ResolvedImage& image : found.images)
      for (const Descriptor& layer : image.layers) wanted.insert(path_in_archive(content, layer));
    if (!source.seek(0)) return Error(ErrorKind::io, "the archive can't be read a second time");
    TRY_VOID(read_from_here(&wanted));
  }
  std::vector<ClientScan> scans;
  for (const ResolvedImage& image : found.images) {
    TRY(auto scan, put_together(content, image, found.kind, shown));
    scans.push_back(std::move(scan));
  }
  return scans;
}

}  // namespace pgconvoy::clients
