#include "engine/clients/native_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace pgconvoy::clients {
namespace {

// Longer than anything that is looked for with what must be read behind it.
constexpr std::size_t kOverlap = 160;
constexpr std::size_t kMostGoModules = 1 << 20;
constexpr std::size_t kMostCrates = 16;

constexpr std::string_view kScramName = "SCRAM-SHA-256";
constexpr std::string_view kLibpqMessage = "fe_sendauth: no password supplied";
// Around the list of modules in a program of Go 1.13 and later (runtime/debug, modinfo.go).
constexpr std::string_view kGoBegin("\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6", 16);
constexpr std::string_view kGoEnd("\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2", 16);
constexpr std::string_view kGoPq = "github.com/lib/pq", kGoJackc = "github.com/jackc/pg";
constexpr std::string_view kCargoRegistry = "/registry/src/";

// Variables of libpq and the release that brought each (release notes of these versions; manual, Environment Variables).
struct Variable {
  std::string_view name;
  std::string_view release;
};
constexpr std::array kVariables{
    Variable{"PGREQUIREPEER", "9.1"},       Variable{"PGSSLCOMPRESSION", "9.2"}, Variable{"PGTARGETSESSIONATTRS", "10"},
    Variable{"PGGSSENCMODE", "12"},         Variable{"PGCHANNELBINDING", "13"},  Variable{"PGSSLSNI", "14"},
    Variable{"PGREQUIREAUTH", "16"},        Variable{"PGSSLNEGOTIATION", "17"},  Variable{"PGMINPROTOCOLVERSION", "18"},
};
constexpr std::array<std::string_view, 15> kReleases{"9.1", "9.2", "9.3", "9.4", "9.5", "9.6", "10", "11",
                                                     "12",  "13",  "14",  "15",  "16",  "17",  "18"};

constexpr std::array<std::string_view, 4> kCrates{"postgres-protocol-", "tokio-postgres-", "sqlx-postgres-", "sqlx-core-"};

// Calls `look` with what stands behind each place where `wanted` is.
template <class Look>
void behind_each(std::string_view window, std::string_view wanted, const Look& look) {
  while (const void* found = ::memmem(window.data(), window.size(), wanted.data(), wanted.size())) {
    window.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(found) - window.data()) + wanted.size());
    look(window);
  }
}

bool holds(std::string_view window, std::string_view wanted) {
  return ::memmem(window.data(), window.size(), wanted.data(), wanted.size()) != nullptr;
}

}  // namespace

bool NativeTraces::libpq_10() const { return (variables >> 2) != 0; }

std::string NativeTraces::libpq_range() const {
  std::size_t newest = kVariables.size();
  for (std::size_t i = 0; i < kVariables.size(); ++i)
    if (variables >> i & 1) newest = i;
  if (newest == kVariables.size()) return "9.0 or earlier";
  const auto* first = std::find(kReleases.begin(), kReleases.end(), kVariables[newest].release);
  if (newest + 1 == kVariables.size()) return fmt::format("{} or later", *first);
  const auto* end = std::find(kReleases.begin(), kReleases.end(), kVariables[newest + 1].release);
  const auto* last = end - 1;
  if (first == last) return std::string(*first);
  return fmt::format("{} {} {}", *first, last - first == 1 ? "or" : "to", *last);
}

void NativeSearch::feed(std::string_view block) {
  if (capturing_) capture(block);
  window_ += block;
  search(window_);
  if (window_.size() > kOverlap) window_.erase(0, window_.size() - kOverlap);
}

NativeTraces NativeSearch::finish() {
  search(window_);
  if (capturing_) traces_.go_modules.clear();
  return std::move(traces_);
}

// What is near the end of the window is found again in the next one, where what stands behind it is there too.
void NativeSearch::search(std::string_view window) {
  if (!traces_.scram) traces_.scram = holds(window, kScramName);
  if (!traces_.libpq) traces_.libpq = holds(window, kLibpqMessage);
  search_variables(window);
  search_crates(window);
  search_go_functions(window);
  if (capturing_ || !traces_.go_modules.empty()) return;
  if (const void* found = ::memmem(window.data(), window.size(), kGoBegin.data(), kGoBegin.size())) {
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - window.data());
    capturing_ = true;
    capture(window.substr(at + kGoBegin.size()));
  }
}

void NativeSearch::search_variables(std::string_view window) {
  const char* at = window.data();
  const char* const end = at + window.size();
  while ((at = static_cast<const char*>(std::memchr(at, 'P', static_cast<std::size_t>(end - at))))) {
    if (end - at >= 2 && at[1] == 'G') {
      const std::string_view rest(at, static_cast<std::size_t>(end - at));
      for (std::size_t i = 0; i < kVariables.size(); ++i)
        // As a C string of its own, so that a longer name doesn't count.
        if (rest.size() > kVariables[i].name.size() && rest.starts_with(kVariables[i].name) && rest[kVariables[i].name.size()] == '\0')
          traces_.variables |= 1u << i;
    }
    if (++at == end) break;
  }
}

void NativeSearch::search_crates(std::string_view window) {
  behind_each(window, kCargoRegistry, [this](std::string_view rest) {
    // "index.crates.io-6f17d22bba15001f/postgres-protocol-0.6.4/src/..."
    const auto slash = rest.substr(0, 80).find('/');
    if (slash == std::string_view::npos || traces_.crates.size() >= kMostCrates) return;
    const auto crate = rest.substr(slash + 1, 60);
    for (const auto name : kCrates) {
      if (!crate.starts_with(name)) continue;
      const auto version = crate.substr(name.size());
      const auto end = version.find("/src/");
      if (end == std::string_view::npos || version.empty() || version[0] < '0' || version[0] > '9') continue;
      const std::pair<std::string, std::string> one{name.substr(0, name.size() - 1), version.substr(0, end)};
      if (std::find(traces_.crates.begin(), traces_.crates.end(), one) == traces_.crates.end()) traces_.crates.push_back(one);
    }
  });
}

// "github.com/lib/pq.(*conn).auth", "github.com/lib/pq/scram.NewClient", "github.com/jackc/pgx/v5/pgconn.(*PgConn).scramAuth"
void NativeSearch::search_go_functions(std::string_view window) {
  behind_each(window, kGoPq, [this](std::string_view rest) {
    traces_.go_pq = traces_.go_pq || rest.starts_with(".(*conn).");
    traces_.go_pq_scram = traces_.go_pq_scram || rest.starts_with("/scram.(*Client).");
  });
  behind_each(window, kGoJackc, [this](std::string_view rest) {
    const auto name = rest.substr(0, rest.substr(0, 60).find('\0'));
    traces_.go_pgx = traces_.go_pgx || (name.find(".(*Conn).") != std::string_view::npos || name.find(".(*PgConn).") != std::string_view::npos);
    traces_.go_pgx_scram = traces_.go_pgx_scram || name.ends_with("onn).scramAuth");
  });
}

void NativeSearch::capture(std::string_view bytes) {
  auto& modules = traces_.go_modules;
  const auto before = modules.size();
  modules += bytes.substr(0, kMostGoModules - std::min(kMostGoModules, before));
  const auto from = before < kGoEnd.size() ? 0 : before - kGoEnd.size();
  const auto end = modules.find(kGoEnd, from);
  if (end != std::string::npos) {
    modules.resize(end);
    capturing_ = false;
    // An empty list is one too; found again in the same window it would be read twice.
    if (modules.empty()) modules = "\n";
  } else if (modules.size() >= kMostGoModules) {
    modules = "\n";
    capturing_ = false;
  }
}

}  // namespace pgconvoy::clients
