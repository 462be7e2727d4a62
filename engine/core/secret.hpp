// A value that must not be seen. Whatever prints it prints ***.
#pragma once

#include <fmt/format.h>

#include <ostream>
#include <string>
#include <utility>

namespace pgconvoy {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  // The only way to the clear text: easy to find in a review. Callers hand it to libpq, to the environment
  // of a child process, or to a file of mode 0600, and to nothing else.
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  bool operator==(const Secret& other) const = default;

 private:
  std::string value_;
};

inline std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

// 32 characters from the kernel's random source (base64url alphabet), for passwords that pgconvoy sets itself.
Secret random_secret();
// Lower-case letters and digits from the same source, for names.
std::string random_token(std::size_t length);

}  // namespace pgconvoy

template <>
struct fmt::formatter<pgconvoy::Secret> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const pgconvoy::Secret&, Context& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
