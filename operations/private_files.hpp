// Files that nobody but us may read: made so before the first byte is in them.
#pragma once

#include <string>

#include "engine/core/error.hpp"

namespace pgconvoy {

// The folder (0700, made with its parents) and the empty file (0600, emptied when it is there). Blocking. Error io.
Result<void> make_private_file(const std::string& file);

// File and folder are on disk afterwards. Blocking. Error io.
Result<void> make_durable(const std::string& file);

// Gone, or never there. Blocking. Error io.
Result<void> remove_file(const std::string& file);

// A file without a name: the kernel takes it away with the last process that has it open, a killed one's too. Children
// open it by path() as long as this object lives.
class NamelessFile {
 public:
  // In the folder, or in the temporary directory when it can't be written to. Error io.
  static Result<NamelessFile> make(const std::string& folder);
  NamelessFile(NamelessFile&& other) noexcept;
  NamelessFile& operator=(NamelessFile&& other) noexcept;
  ~NamelessFile();
  std::string path() const;  // /proc/PID/fd/N
  Result<void> write(const std::string& content);  // all of it, behind what was written before. Blocking. Error io

 private:
  explicit NamelessFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace pgconvoy
