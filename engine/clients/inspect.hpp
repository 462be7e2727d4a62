// Looks at one file of an image: by its path first, and only where that isn't enough at its content, as it streams by.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/clients/byte_source.hpp"
#include "engine/clients/client_scan.hpp"
#include "engine/clients/limits.hpp"

namespace pgconvoy::clients {

struct Inspection {
  std::vector<FoundClient> clients;
  std::vector<std::string> notes;
};

// Whether the content of a regular file at `path` (relative to the root) is of interest at all. Pure.
bool wants_content(std::string_view path);

// Adds what the file holds. Reads as much of `content` as it needs, maybe nothing.
// Errors: those of the source. What is damaged in itself (a jar, a package.json) is a note.
Result<void> inspect_file(std::string_view path, ByteSource& content, const ScanLimits& limits, Inspection& inspection);

}  // namespace pgconvoy::clients
