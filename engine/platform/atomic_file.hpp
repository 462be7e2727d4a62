// Small files that are there whole or not at all, also after a power cut. Blocking: call these on the pool.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/core/error.hpp"

namespace pgconvoy {

// The file's bytes. not_found when there is none, io otherwise; the message names the file, never its content.
Result<std::string> read_file(const std::filesystem::path& path);

// Replaces the file: written beside it, synced, renamed over it, the folder synced. An existing file keeps its owner
// and group, and its mode as far as `mode` allows it; a symbolic link stays and what it leads to is replaced.
// May be repeated. One writer at a time for a path (EpochGuard).
Result<void> replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode);

// The file is there; made with `content` when it was not. The folder must exist.
Result<void> ensure_file(const std::filesystem::path& path, std::string_view content, mode_t mode);
// The file is not there.
Result<void> ensure_no_file(const std::filesystem::path& path);

}  // namespace pgconvoy
