// Looks into the -wal beside a journal. SQLite stops reading it at the first frame whose checksum is wrong, without a
// word: what was committed after it is gone, and the state before it is whole. (sqlite.org/fileformat.html, section 4)
#pragma once

#include <filesystem>
#include <string>

#include "engine/core/error.hpp"

namespace pgconvoy {

// What is lost in the -wal of this database; "" when nothing is known to be. A last transaction that is not whole is
// no loss: that is what a process leaves that died before its commit. Repeatable, changes nothing; others may write
// meanwhile. Error io when the file is there and can't be read.
Result<std::string> lost_in_wal(const std::filesystem::path& database);

}  // namespace pgconvoy
