#include "engine/clients/local_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/clients/file_tree.hpp"
#include "engine/clients/image_scan.hpp"
#include "engine/clients/layers.hpp"

namespace pgconvoy::clients {

Result<ClientScan> scan_directory(const std::filesystem::path& directory, const std::string& shown, const ScanOptions& options) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return Error(errno == ENOENT ? ErrorKind::not_found : ErrorKind::io, fmt::format("cannot open {}: {}", directory.string(), std::strerror(errno)));
  TreeScan tree;
  auto walked = scan_tree(descriptor, "", options.limits, tree);
  ::close(descriptor);
  if (!walked) return std::move(walked).error();
  ClientScan scan;
  scan.source = shown;
  scan.kind = "directory";
  scan.clients = std::move(tree.found.clients);
  scan.notes = std::move(tree.found.notes);
  if (auto note = unreadable_note(tree); !note.empty()) scan.notes.push_back(std::move(note));
  scan.files = tree.files;
  scan.bytes = tree.bytes;
  settle(scan.clients);
  return scan;
}

Result<std::vector<ClientScan>> scan_layout(const std::filesystem::path& directory, const std::string& shown, const ScanOptions& options) {
  const auto blob = [&](const Descriptor& wanted) { return open_file_source(directory / "blobs" / "sha256" / wanted.digest.substr(7)); };
  const DocumentReader read = [&](const Descriptor& wanted) -> Result<std::string> {
    TRY(auto bytes, blob(wanted));
    DigestSource compared(*bytes, wanted.digest, wanted.size, wanted.digest);
    TRY(std::string text, read_all(compared, options.limits.metadata, wanted.digest));
    TRY_VOID(compared.finish());
    return text;
  };
  TRY(auto file, open_file_source(directory / "index.json"));
  TRY(const std::string index, read_all(*file, options.limits.metadata, "index.json"));
  TRY(const auto images, resolve_index_file(index, read, options));
  std::vector<ClientScan> scans;
  for (const ResolvedImage& image : images) {
    TRY(auto scan, scan_image(image, blob, shown, "oci-layout", options));
    scans.push_back(std::move(scan));
  }
  return scans;
}

}  // namespace pgconvoy::clients
