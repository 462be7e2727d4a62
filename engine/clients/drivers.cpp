#include "engine/clients/drivers.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <vector>

namespace pgconvoy::clients {
namespace {

constexpr std::array kDrivers{
    Driver{"libpq", "C", "10", "", "PostgreSQL 10 release notes, Overview: stronger password authentication based on SCRAM-SHA-256"},
    Driver{"node-postgres", "JavaScript", "7.9.0", "", "brianc/node-postgres CHANGELOG.md, 7.9.0 (pull request 1835)"},
    Driver{"postgres.js", "JavaScript", "1.0.0", "", "porsager/postgres, lib/frontend.js at tag v1.0.0: message 10, SASL"},
    Driver{"pgjdbc", "Java", "42.2.1", "",
           "pgjdbc CHANGELOG.md: 42.2.0 brought it for Java 8 but without the library it needs, 42.2.1 packaged that (pull request "
           "1091). Builds for Java 7 (.jre7) since 42.2.7 (pull request 1532), for Java 6 (.jre6) never"},
    Driver{"r2dbc-postgresql", "Java", "0.8.0", "", "pgjdbc/r2dbc-postgresql, commit d9951454, first in tag v0.8.0.M8"},
    Driver{"Npgsql", ".NET", "3.2.7", "", "npgsql/npgsql pull request 1769 (issue 1530), first in tags v3.2.7 and v4.0.0-preview1"},
    Driver{"pgx", "Go", "3.4.0", "20190416", "jackc/pgx CHANGELOG.md, 3.4.0: SCRAM authentication (issue 451)"},
    Driver{"lib/pq", "Go", "1.1.0", "20190415", "lib/pq release notes of v1.1.0 (pull request 833)"},
    Driver{"asyncpg", "Python", "0.19.0", "", "MagicStack/asyncpg commit 2d76f50, first in tag v0.19.0 (issues 314, 486)"},
    Driver{"pg8000", "Python", "1.13.0", "", "tlocke/pg8000 commit 2063491, first in tag 1.13.0"},
    Driver{"psycopg2", "Python", "", "", "calls libpq (psycopg 2 documentation, Introduction)"},
    Driver{"psycopg2-binary", "Python", "", "", "calls the libpq in its own wheel (psycopg 2 documentation, Installation)"},
    Driver{"psycopg", "Python", "", "", "calls libpq (psycopg 3 documentation, Installation)"},
    Driver{"psycopg-c", "Python", "", "", "calls libpq (psycopg 3 documentation, Installation)"},
    Driver{"psycopg-binary", "Python", "", "", "calls the libpq in its own wheel (psycopg 3 documentation, Installation)"},
    Driver{"ruby-pg", "Ruby", "", "", "calls libpq (ruby-pg README)"},
    Driver{"node-libpq", "JavaScript", "", "", "calls libpq (brianc/node-libpq README); pg-native rests on it"},
    Driver{"rust-postgres", "Rust", "0.3.0", "",
           "sfackler/rust-postgres commit f9b864f2, first in tag postgres-v0.14.2, with postgres-protocol 0.3.0; versions here are "
           "those of the crate postgres-protocol"},
    Driver{"tokio-postgres", "Rust", "0.4.0", "",
           "sfackler/rust-postgres, tokio-postgres/src/proto/connect_raw.rs at tag tokio-postgres-v0.4.0-rc.1; nothing of it at v0.3.0"},
    Driver{"sqlx", "Rust", "0.1.4", "", "launchbadge/sqlx CHANGELOG.md, 0.1.4 (pull request 37)"},
    Driver{"postgrex", "Elixir", "0.14.0", "", "elixir-ecto/postgrex CHANGELOG.md, 0.14.0"},
};

// The leading numbers of a version: "v42.2.5.jre7" -> 42, 2, 5; "9.4-1201.jdbc4" -> 9, 4, 1201.
std::vector<long> numbers_of(std::string_view version) {
  std::vector<long> numbers;
  if (version.starts_with('v')) version.remove_prefix(1);
  while (!version.empty()) {
    long number = 0;
    const auto read = std::from_chars(version.data(), version.data() + version.size(), number);
    if (read.ec != std::errc()) break;
    numbers.push_back(number);
    version.remove_prefix(static_cast<std::size_t>(read.ptr - version.data()));
    if (version.empty() || (version.front() != '.' && version.front() != '-')) break;
    version.remove_prefix(1);
  }
  return numbers;
}

// The yyyymmdd in a version of Go that names a commit: "v0.0.0-20180327071824-d34b9ff171c2", "v1.0.1-0.20190415162511-...".
std::string day_of_commit(std::string_view version) {
  constexpr std::size_t kStamp = 14, kRevision = 12;
  const auto plus = version.find('+');
  if (plus != std::string_view::npos) version = version.substr(0, plus);
  if (version.size() < kStamp + kRevision + 2) return {};
  const auto dash = version.size() - kRevision - 1;
  const auto stamp = version.substr(dash - kStamp, kStamp);
  const char before = version[dash - kStamp - 1];
  if (version[dash] != '-' || (before != '-' && before != '.')) return {};
  for (const char digit : stamp)
    if (digit < '0' || digit > '9') return {};
  return std::string(stamp.substr(0, 8));
}

// The builds of pgjdbc for old Java lack what others of the same number have.
std::string first_of_pgjdbc(std::string_view version) {
  if (version.find("jre6") != std::string_view::npos) return "";
  return version.find("jre7") != std::string_view::npos ? "42.2.7" : "42.2.1";
}

}  // namespace

std::span<const Driver> drivers() { return kDrivers; }

const Driver* find_driver(std::string_view kind) {
  for (const Driver& driver : kDrivers)
    if (driver.kind == kind) return &driver;
  return nullptr;
}

int compare_versions(std::string_view a, std::string_view b) {
  auto left = numbers_of(a), right = numbers_of(b);
  const auto parts = std::max(left.size(), right.size());
  left.resize(parts);
  right.resize(parts);
  return left < right ? -1 : left > right ? 1 : 0;
}

Judgement judge(std::string_view kind, std::string_view version) {
  const Driver* driver = find_driver(kind);
  if (!driver) return {SpeaksScram::unknown, "nothing is known of this client"};
  std::string first = driver->first;
  if (first.empty()) return {SpeaksScram::unknown, "it speaks what its libpq speaks"};
  if (kind == "pgjdbc" && !version.empty()) {
    first = first_of_pgjdbc(version);
    if (first.empty()) return {SpeaksScram::no, "no build for Java 6 speaks SCRAM"};
  }
  if (numbers_of(version).empty()) return {SpeaksScram::unknown, fmt::format("its version can't be told; SCRAM since {}", first)};
  if (*driver->since != '\0') {
    const std::string day = day_of_commit(version);
    if (!day.empty())
      return {day >= driver->since ? SpeaksScram::yes : SpeaksScram::no,
              fmt::format("a commit of {}; SCRAM since that of {}", day, driver->since)};
  }
  return {compare_versions(version, first) >= 0 ? SpeaksScram::yes : SpeaksScram::no, fmt::format("SCRAM since {}", first)};
}

}  // namespace pgconvoy::clients
