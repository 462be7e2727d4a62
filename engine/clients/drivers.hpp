// What is known of each client: which version is the first that speaks SCRAM-SHA-256, and where that is written. One
// table, shown in docs/clients.md; a test holds the two against each other.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/clients/client_scan.hpp"

namespace pgconvoy::clients {

struct Driver {
  const char* kind;      // its usual name, as in FoundClient
  const char* language;
  // The first version that speaks it; "" for a driver that rests on libpq and speaks what that speaks.
  const char* first;
  // For versions of Go that name a commit instead of a release (v0.0.0-20190101...): the day of the commit that brought
  // it, yyyymmdd.
  const char* since;
  const char* source;    // where `first` is from
};

std::span<const Driver> drivers();
// nullptr for a kind that isn't in the table.
const Driver* find_driver(std::string_view kind);

// By their numbers, part by part: "7.9.0" < "7.10", "4.0.0-rc1" = "4.0.0". Negative, zero or positive.
int compare_versions(std::string_view a, std::string_view b);

struct Judgement {
  SpeaksScram scram = SpeaksScram::unknown;
  std::string because;
};
// What the table says of a version. Unknown for a driver on libpq, an unknown kind, a version without a number.
Judgement judge(std::string_view kind, std::string_view version);

}  // namespace pgconvoy::clients
