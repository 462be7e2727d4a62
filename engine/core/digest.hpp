// SHA-256 by OpenSSL, as lower-case hexadecimal.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/core/error.hpp"

namespace pgconvoy {

std::string sha256_hex(std::string_view data);

// Reads the file to its end; blocking, so call it on the pool.
Result<std::string> sha256_of_file(const std::filesystem::path& path);

}  // namespace pgconvoy
