// A file of KEY=VALUE lines, the value raw to the end of its line. What is not changed stays byte by byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/secret.hpp"

namespace pgconvoy {

class EnvFile {
 public:
  explicit EnvFile(std::string_view text);

  // The last line with that name wins, as for a shell that exports one after the other.
  std::optional<std::string> get(std::string_view name) const;

  // Replaces every line with that name, or appends one. REQUIRES: can_hold(value).
  void set(std::string_view name, std::string_view value);

  // What may be a secret: values of variables that are named like one, and URLs with a user.
  std::vector<Secret> secrets() const;

  std::string text() const;

  // A line break or a zero byte would end the value early.
  static bool can_hold(std::string_view value);

 private:
  std::vector<std::string> lines_;  // without their line feed
  bool ends_with_line_feed_ = true;
};

}  // namespace pgconvoy
