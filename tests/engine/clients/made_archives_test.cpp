#include "tests/engine/clients/made_archives.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <cstring>

#include "engine/core/digest.hpp"
#include "engine/core/json.hpp"

namespace pgconvoy::clients::made {
namespace {

// Without the time of day in it: the same content is the same archive.
void add_gzip(archive* writer) {
  archive_write_add_filter_gzip(writer);
  archive_write_set_filter_option(writer, "gzip", "timestamp", nullptr);
}

la_ssize_t append(archive*, void* out, const void* block, size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(block), size);
  return static_cast<la_ssize_t>(size);
}

std::string written(archive* writer, const std::vector<Entry>& entries) {
  std::string out;
  archive_write_set_bytes_in_last_block(writer, 1);
  archive_write_open(writer, &out, nullptr, append, nullptr);
  for (const Entry& entry : entries) {
    archive_entry* header = archive_entry_new();
    archive_entry_set_pathname(header, entry.path.c_str());
    archive_entry_set_perm(header, entry.type == Entry::folder ? 0755 : 0644);
    archive_entry_set_filetype(header, entry.type == Entry::folder ? AE_IFDIR : entry.type == Entry::symlink ? AE_IFLNK : AE_IFREG);
    archive_entry_set_size(header, entry.type == Entry::file ? static_cast<la_int64_t>(entry.content.size()) : 0);
    if (entry.type == Entry::symlink) archive_entry_set_symlink(header, entry.target.c_str());
    if (entry.type == Entry::hardlink) archive_entry_set_hardlink(header, entry.target.c_str());
    archive_write_header(writer, header);
    if (entry.type == Entry::file) archive_write_data(writer, entry.content.data(), entry.content.size());
    archive_entry_free(header);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  return out;
}

}  // namespace

std::string tar(const std::vector<Entry>& entries, Packed how) {
  archive* writer = archive_write_new();
  archive_write_set_format_pax_restricted(writer);
  if (how == Packed::gzip) add_gzip(writer);
  if (how == Packed::zstd) archive_write_add_filter_zstd(writer);
  return written(writer, entries);
}

std::string zip(const std::vector<Entry>& entries) {
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  return written(writer, entries);
}

std::string packed(const std::string& bytes, Packed how) {
  archive* writer = archive_write_new();
  archive_write_set_format_raw(writer);
  if (how == Packed::gzip) add_gzip(writer);
  if (how == Packed::zstd) archive_write_add_filter_zstd(writer);
  return written(writer, {{"data", bytes}});
}

std::string digest(const std::string& bytes) { return "sha256:" + sha256_hex(bytes); }

std::string elf(const std::vector<std::string>& strings, std::size_t padding) {
  std::string program("\x7f" "ELF", 4);
  program.resize(64, '\x01');
  program += std::string(padding, 'x');
  for (const auto& text : strings) program += text + '\0';
  return program;
}

std::string old_libpq() { return elf({"fe_sendauth: no password supplied", "PGREQUIREPEER", "PGSSLCOMPRESSION"}); }
std::string new_libpq() {
  return elf({"fe_sendauth: no password supplied", "PGREQUIREPEER", "PGTARGETSESSIONATTRS", "PGCHANNELBINDING", "SCRAM-SHA-256"});
}

std::vector<Entry> saved_image(const std::vector<std::string>& layers, const std::string& tag) {
  std::vector<Entry> entries;
  json paths = json::array(), ids = json::array();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string folder = fmt::format("{:064x}", i + 1);
    entries.push_back({folder + "/layer.tar", layers[i]});
    paths.push_back(folder + "/layer.tar");
    ids.push_back(digest(layers[i]));
  }
  entries.push_back({"config.json", json{{"rootfs", {{"type", "layers"}, {"diff_ids", ids}}}}.dump()});
  entries.push_back({"manifest.json", json::array({{{"Config", "config.json"}, {"RepoTags", {tag}}, {"Layers", paths}}}).dump()});
  return entries;
}

std::vector<Entry> oci_image(const std::vector<std::string>& layers) {
  std::vector<Entry> entries{{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}};
  const auto blob = [&](const std::string& bytes, const std::string& type) {
    entries.push_back({"blobs/sha256/" + digest(bytes).substr(7), bytes});
    return json{{"mediaType", type}, {"digest", digest(bytes)}, {"size", bytes.size()}};
  };
  json list = json::array();
  for (const auto& layer : layers) list.push_back(blob(layer, "application/vnd.oci.image.layer.v1.tar+gzip"));
  const json manifest{{"schemaVersion", 2}, {"config", blob("{}", "application/vnd.oci.image.config.v1+json")}, {"layers", list}};
  const json index{{"schemaVersion", 2}, {"manifests", {blob(manifest.dump(), "application/vnd.oci.image.manifest.v1+json")}}};
  entries.push_back({"index.json", index.dump()});
  return entries;
}

}  // namespace pgconvoy::clients::made
