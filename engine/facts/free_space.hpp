// Room on the file system of a server's data directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace pgconvoy {

// Free space of the data directory when it is on this host. A path alone proves nothing (the server may live in a
// container), so the folder must also have been changed at the very second the server says (pg_stat_file). Blocking, quick.
std::optional<std::int64_t> free_space(const std::string& directory, bool same_host, std::optional<std::int64_t> changed);

}  // namespace pgconvoy
