// A running process: what it has mapped into its memory is what it uses; drivers of interpreters are in the file system
// that it sees. Read through /proc/N (proc(5)); its environment and its memory are not looked at.
#pragma once

#include <string>

#include "engine/clients/scan.hpp"

namespace pgconvoy::clients {

struct MappedFile {
  std::string range;   // "7f00-7f10", as the file in /proc/N/map_files is called
  std::string path;    // as the process sees it, without " (deleted)"
  std::uint64_t inode = 0;
  bool deleted = false;  // the file was replaced since it was mapped
};
// The files in the text of /proc/N/maps, each once. Pure.
std::vector<MappedFile> mapped_files(const std::string& maps);

// Errors: not_found, io (the rights to look into it are missing), conflict (it ended, or the number is another's by now).
Result<ClientScan> scan_process(int pid, const std::string& shown, const ScanOptions& options);

}  // namespace pgconvoy::clients
