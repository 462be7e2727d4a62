// Archives, programs and images as tests want them, made in memory.
#pragma once

#include <string>
#include <vector>

namespace pgconvoy::clients::made {

struct Entry {
  std::string path;
  std::string content;
  enum Type { file, folder, symlink, hardlink } type = file;
  std::string target;
};
enum class Packed { no, gzip, zstd };

// A tar in the given order; what libarchive would tidy is written as it is.
std::string tar(const std::vector<Entry>& entries, Packed packed = Packed::no);
std::string zip(const std::vector<Entry>& entries);
std::string packed(const std::string& bytes, Packed how);
std::string digest(const std::string& bytes);  // "sha256:..."

// Bytes that look like a program with these strings in it, each with a zero after it.
std::string elf(const std::vector<std::string>& strings, std::size_t padding = 0);
// A libpq without and with SCRAM.
std::string old_libpq();
std::string new_libpq();

// An archive as `docker save` writes it, old layout: layer.tar in a folder each.
std::vector<Entry> saved_image(const std::vector<std::string>& layers, const std::string& tag = "shop:1");
// The files of an OCI layout; layers as they are stored.
std::vector<Entry> oci_image(const std::vector<std::string>& layers);

}  // namespace pgconvoy::clients::made
