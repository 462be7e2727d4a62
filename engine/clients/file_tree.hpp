// The files below a folder, as they are on this machine: no symbolic link is followed, no device or pipe is opened, file
// systems of the kernel (proc, sysfs and the like) are passed over.
#pragma once

#include <cstdint>
#include <string>

#include "engine/clients/inspect.hpp"

namespace pgconvoy::clients {

struct TreeScan {
  Inspection found;
  std::uint64_t files = 0, bytes = 0;
  std::uint64_t unreadable = 0;   // files and folders that may not be read
  std::string first_unreadable;   // one of them, and why
};

// Looks at everything below the open folder `descriptor`, which stays open. `prefix` is the folder's own path relative to
// the root that findings are named from, "" for that root. Errors: io when the folder itself can't be read.
Result<void> scan_tree(int descriptor, const std::string& prefix, const ScanLimits& limits, TreeScan& scan);

// The note about what couldn't be read; "" when nothing was.
std::string unreadable_note(const TreeScan& scan);

}  // namespace pgconvoy::clients
