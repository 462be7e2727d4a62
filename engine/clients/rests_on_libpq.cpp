#include "engine/clients/rests_on_libpq.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "engine/clients/drivers.hpp"
#include "engine/clients/path_rules.hpp"

namespace pgconvoy::clients {
namespace {

// Where a libpq of the driver's own would lie, as the beginning of its path.
std::string own_place(const FoundClient& driver) {
  const std::string folder(folder_of(driver.path));
  if (driver.kind == "ruby-pg") return fmt::format("{}/gems/pg-{}", folder_of(folder), driver.version);
  if (driver.kind == "node-libpq") return folder + "/";
  // site-packages/psycopg2_binary-2.9.9.dist-info/METADATA, or Debian's file psycopg2-2.9.5.egg-info
  const std::string packages(base_name_of(driver.path).ends_with("-info") ? folder : std::string(folder_of(folder)));
  return packages + (driver.kind.starts_with("psycopg2") ? "/psycopg2" : "/psycopg_");
}

// The libraries that a wheel or gem brings are nobody else's.
bool belongs_to_a_package(std::string_view path) {
  for (const std::string_view mark : {".libs/", "/site-packages/", "/dist-packages/", "/gems/", "/node_modules/"})
    if (path.find(mark) != std::string_view::npos) return true;
  return false;
}

}  // namespace

void judge_by_libpq(std::vector<FoundClient>& clients) {
  for (FoundClient& driver : clients) {
    const Driver* known = find_driver(driver.kind);
    if (!known || *known->first != '\0') continue;
    const std::string place = own_place(driver);
    const FoundClient* own = nullptr;
    const FoundClient* general = nullptr;
    for (const FoundClient& libpq : clients) {
      if (libpq.kind != "libpq") continue;
      const FoundClient*& worst = libpq.path.starts_with(place) ? own : general;
      if (&worst == &general && belongs_to_a_package(libpq.path)) continue;
      if (!worst || libpq.scram < worst->scram) worst = &libpq;
    }
    const FoundClient* used = own ? own : general;
    driver.scram = used ? used->scram : SpeaksScram::unknown;
    driver.because = used ? fmt::format("it calls libpq {}, {}", used->version.empty() ? "of unknown version" : used->version, used->path)
                          : "it calls libpq, and none was found";
  }
}

}  // namespace pgconvoy::clients
