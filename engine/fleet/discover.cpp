#include "engine/fleet/discover.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <set>

#include "engine/fleet/utf8.hpp"

namespace pgconvoy {
namespace {

// Columns: name, owner, bytes (0 where we may not ask: pg_database_size needs CONNECT or pg_read_all_stats, manual
// 9.27.7), allows connections (a connection limit of -2 marks a database whose DROP was interrupted), oid.
constexpr const char* kDatabases = R"(
select d.datname, r.rolname,
       case when has_database_privilege(d.oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage')
            then coalesce(pg_database_size(d.oid), 0) else 0 end,
       d.datallowconn and d.datconnlimit <> -2, d.oid
  from pg_catalog.pg_database d join pg_catalog.pg_roles r on r.oid = d.datdba
 where not d.datistemplate and d.datname <> 'postgres' and left(d.datname::text, 9) <> 'pgconvoy_'
 order by d.datname::text collate "C")";

// Lower-case letters, digits and single dashes; what else there is becomes a dash.
std::string slug(const std::string& text) {
  constexpr std::size_t kLongest = 100;
  std::string result;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      result += c;
    else if (!result.empty() && result.back() != '-')
      result += '-';
  }
  if (result.size() > kLongest) result.resize(kLongest);
  while (!result.empty() && result.back() == '-') result.pop_back();
  return result;
}

// Free among environments and instances alike, because target ids come from both.
class FreeIds {
 public:
  explicit FreeIds(const Fleet& fleet) : fleet_(fleet) {}

  std::string take(const std::string& base) {
    std::string id = base;
    int& number = last_.try_emplace(base, 1).first->second;
    while (fleet_.environments.contains(id) || fleet_.instances.contains(id)) id = fmt::format("{}-{}", base, ++number);
    return id;
  }

 private:
  const Fleet& fleet_;
  std::map<std::string, int> last_;
};

}  // namespace

Task<Result<std::vector<DiscoveredDatabase>>> discover_databases(Session& session, std::string glob) {
  if (glob.empty())
    co_return Error(ErrorKind::usage, "the pattern for databases is empty", "give a glob, \"*\" for all");
  std::string sql = kDatabases;
  CO_TRY(const Rows rows, co_await session.query(std::move(sql)));
  std::vector<DiscoveredDatabase> databases;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    DiscoveredDatabase database{rows.text(row, 0), rows.text(row, 1), rows.number(row, 2), rows.truth(row, 3)};
    if (fnmatch(glob.c_str(), database.database.c_str(), 0) != 0) continue;
    if (!is_utf8(database.database) || !is_utf8(database.owner))
      co_return Error(
          ErrorKind::refused,
          fmt::format("the name of the database with oid {} or of its owner is not UTF-8", rows.text(row, 4)),
          "rename it (ALTER DATABASE, ALTER ROLE), or give a pattern for databases that leaves it out")
          .on(session.server());
    databases.push_back(std::move(database));
  }
  co_return databases;
}

void add_discovered(Fleet& fleet, const Server& server, const std::vector<DiscoveredDatabase>& databases) {
  std::set<std::string> known;
  for (const auto& [id, instance] : fleet.instances)
    if (instance.server == server.id) known.insert(instance.database);

  const std::string region = slug(server.region);
  FreeIds ids(fleet);
  for (const DiscoveredDatabase& found : databases) {
    if (!known.insert(found.database).second) continue;
    const std::string name = slug(found.database);
    std::string id = ids.take(slug(fmt::format("{}-{}", region, name.empty() ? "database" : name)));

    Instance instance;
    instance.id = id;
    instance.server = server.id;
    instance.database = found.database;
    instance.role = found.owner;
    if (!found.allows_connections) instance.state = "closed";
    fleet.instances.emplace(id, std::move(instance));

    Environment environment;
    environment.id = id;
    environment.region = server.region;
    environment.application = found.database;
    environment.bindings.push_back({id, {}});
    fleet.environments.emplace(id, std::move(environment));
  }
}

}  // namespace pgconvoy
