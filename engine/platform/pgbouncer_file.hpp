// The [databases] section of a pgbouncer configuration, or of a file that it includes, as text: lines
// `alias = host=... port=... dbname=... pool_size=...`. Pure; what isn't asked to change stays byte for byte.
//
// It is read as pgbouncer reads it (src/loader.c and its cfparser): a value goes to the end of its line, its parameters
// are separated by spaces (a tab is part of a value), '...' quotes one and '' inside is a quote; the last of two equal
// parameters counts. Before the first section header the file is taken to hold aliases: it is included from there.
#pragma once

#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/platform/platform.hpp"

namespace pgconvoy {

class PgbouncerFile {
 public:
  explicit PgbouncerFile(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }

  // Where the alias leads; port 5432 and the alias itself as database when its line doesn't say, host "" for the socket.
  // not_found without a line of its own (a `*` is none), conflict when it has two, corrupt when pgbouncer would refuse it.
  Result<PoolerPlace> place(const std::string& alias) const;

  // The alias leads to `place`; its other parameters, their order and their spacing stay. Errors as of place(), usage
  // when the place can't be written in such a file; nothing is changed then.
  Result<void> repoint(const std::string& alias, const PoolerPlace& place);

 private:
  struct Line {
    std::size_t begin = 0, value = 0, value_end = 0, end = 0;  // offsets; `end` is behind its line break
  };
  std::vector<Line> lines_of(const std::string& alias) const;
  Result<Line> line_of(const std::string& alias) const;

  std::string text_;
};

}  // namespace pgconvoy
