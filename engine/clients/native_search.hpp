// Looks through the bytes of a program for what tells which clients it holds: libpq's own messages, the names of its
// environment variables (each came with a version), the list of modules that Go puts into a program, the source paths
// that Rust leaves in one. In one pass, in blocks of any size, in little memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgconvoy::clients {

struct NativeTraces {
  bool scram = false;            // "SCRAM-SHA-256"
  bool libpq = false;            // a message that every libpq has, and nothing else
  std::uint32_t variables = 0;   // bit n: the n-th of libpq's variables that tell a version
  std::string go_modules;        // what `go version -m` shows; "" when there is none
  // Functions in a program of Go, which are named even where the list of modules is missing (built from GOPATH).
  bool go_pq = false, go_pq_scram = false, go_pgx = false, go_pgx_scram = false;
  std::vector<std::pair<std::string, std::string>> crates;  // name and version of Rust's, the known ones

  // The range of libpq's major versions that the variables allow, as text: "14 or 15", "12", "9.2 to 9.6", "18 or later".
  std::string libpq_range() const;
  // Whether it is 10 or later, by a variable that came with it.
  bool libpq_10() const;
};

class NativeSearch {
 public:
  void feed(std::string_view block);
  NativeTraces finish();

 private:
  void search(std::string_view window);
  void search_variables(std::string_view window);
  void search_crates(std::string_view window);
  void search_go_functions(std::string_view window);
  void capture(std::string_view bytes);

  NativeTraces traces_;
  std::string window_;    // the end of what came before, then the new block
  bool capturing_ = false;  // the list of Go's modules
};

}  // namespace pgconvoy::clients
