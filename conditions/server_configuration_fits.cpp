#include "conditions/server_configuration_fits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "conditions/moves.hpp"
#include "engine/facts/connection_room.hpp"
#include "engine/facts/parity.hpp"

namespace pgconvoy {
namespace {

// Extension -> the library that must be in shared_preload_libraries before its functions work (their manuals).
constexpr std::pair<const char*, const char*> kPreloaded[] = {
    {"pg_stat_statements", "pg_stat_statements"}, {"timescaledb", "timescaledb"}, {"pg_cron", "pg_cron"}, {"citus", "citus"},
    {"pgaudit", "pgaudit"}, {"pglogical", "pglogical"}, {"pg_wait_sampling", "pg_wait_sampling"}, {"pg_qualstats", "pg_qualstats"},
    {"pg_stat_kcache", "pg_stat_kcache"}, {"pg_squeeze", "pg_squeeze"}, {"pg_stat_monitor", "pg_stat_monitor"},
    {"credcheck", "credcheck"}, {"set_user", "set_user"}, {"anon", "anon"}, {"pg_net", "pg_net"}, {"age", "age"},
    {"pgnodemx", "pgnodemx"}, {"pg_partman", "pg_partman_bgw"}, {"powa", "powa"}};

// What makes the same statement mean something else, or write something else.
constexpr const char* kResults[] = {"TimeZone", "DateStyle", "IntervalStyle", "default_text_search_config", "lc_monetary", "lc_numeric",
                                    "lc_time", "standard_conforming_strings", "bytea_output", "backslash_quote", "array_nulls",
                                    "transform_null_equals", "xmlbinary", "xmloption", "default_transaction_isolation",
                                    "default_tablespace"};
// With the unit that PostgreSQL counts each in.
constexpr std::pair<const char*, const char*> kMemory[] = {
    {"shared_buffers", "8kB"}, {"work_mem", "kB"}, {"maintenance_work_mem", "kB"}, {"temp_buffers", "8kB"}, {"effective_cache_size", "8kB"}};
// A new server needs some connections for itself, its administrator and this program.
constexpr int kOwnConnections = 10;

// "" when it was not read.
std::string setting_of(const ServerFacts& server, const char* name) {
  const auto found = server.settings.find(name);
  return found == server.settings.end() ? "" : found->second;
}

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char letter) { return std::tolower(letter); });
  return text;
}

// A configuration file has a value as somebody wrote it.
bool mean_the_same(const std::string& setting, const std::string& here, const std::string& there) {
  const auto meant = [&setting](const std::string& value) {
    const std::string text = lowered(value);
    static const std::set<std::string> utc{"utc", "etc/utc", "gmt", "etc/gmt", "uct", "etc/uct", "zulu", "etc/zulu", "universal", "etc/universal"};
    return setting == "TimeZone" && utc.contains(text) ? "utc" : text;
  };
  return meant(here) == meant(there);
}

double number_setting(const ServerFacts& server, const char* name) {
  const std::string text = setting_of(server, name);
  double number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "128MB"
std::string amount_of(const ServerFacts& server, const char* name, const char* unit) {
  SettingFact like;
  like.type = "integer";
  like.unit = unit;
  return as_written(setting_of(server, name), like);
}

// Names of files in a list such as "pg_stat_statements, '$libdir/auto_explain'".
std::set<std::string> libraries_of(const ServerFacts& server) {
  std::set<std::string> found;
  std::string name;
  for (const char letter : setting_of(server, "shared_preload_libraries") + ",") {
    if (letter == ',') {
      if (!name.empty()) found.insert(name.substr(name.rfind('/') + 1));
      name.clear();
    } else if (letter != ' ' && letter != '"' && letter != '\'') {
      name += letter;
    }
  }
  return found;
}

// All moves between the same two servers, which are judged together.
struct ServerPairMoves {
  const ServerFacts& source;
  const ServerFacts& target;
  std::vector<const Move*> moves;
};

class ServerConfigurationFits final : public Condition {
 public:
  std::string name() const override { return "server_configuration_fits"; }
  std::string summary() const override {
    return "The target server has the libraries, limits, memory and settings that its new databases had before.";
  }
  std::vector<std::string> needs() const override { return {kConnectionRoomPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "The target server may be smaller, lack a library that must be preloaded, or give other results "
                "for the same query because of a setting.";
    page.reads = "pg_settings of both servers, and the connections that databases of this target may take.";
    page.silent = "Settings that are equal, and those of which more is better and there is more. TimeZone, DateStyle and others that our "
                   "sessions set for themselves, where our administrator may not read the configuration files. All differences: "
                   "pgconvoy parity.";
    page.remedies = "Change the setting on the target, or for the database with ALTER DATABASE SET.";
    page.sources = "Manual: Server Configuration; release notes of the versions in between.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    const std::vector<Move> moves = moves_of(facts);
    std::map<std::pair<std::string, std::string>, ServerPairMoves> pairs;
    for (const Move& move : moves)
      if (move.source_known() && move.target_known())
        pairs.try_emplace({move.source.server, move.target.server}, ServerPairMoves{move.source, move.target, {}}).first->second.moves.push_back(&move);
    std::vector<Finding> findings;
    for (const auto& [servers, pair] : pairs) {
      libraries(pair, findings);
      connections(pair, findings);
      transactions_and_locks(pair, findings);
      results(pair, findings);
      memory(pair, findings);
      passwords(pair, findings);
    }
    return findings;
  }

 private:
  void add(std::vector<Finding>& findings, Severity severity, const ServerPairMoves& pair, std::string evidence, std::string why,
           std::string remedy) const {
    findings.push_back({severity, name(), "server " + pair.target.server, std::move(evidence), std::move(why), std::move(remedy), false});
  }

  void libraries(const ServerPairMoves& pair, std::vector<Finding>& findings) const {
    const auto here = libraries_of(pair.source), there = libraries_of(pair.target);
    std::set<std::string> said;
    for (const Move* move : pair.moves)
      for (const ExtensionFact& extension : move->database.extensions)
        for (const auto& [known, library] : kPreloaded) {
          // Where the old server hasn't loaded it either, the app does without.
          if (extension.name != known || !here.contains(library) || there.contains(library) || !said.insert(library).second) continue;
          add(findings, Severity::block, pair,
              fmt::format("extension {} of {} needs {} in shared_preload_libraries: so it is on {}, not there", as_identifier(extension.name),
                          move->object(), library, pair.source.server),
              "its functions and views fail, or CREATE EXTENSION itself does (manual: shared_preload_libraries)",
              fmt::format("add '{}' to shared_preload_libraries of {} and restart it", library, pair.target.server));
        }
  }

  void connections(const ServerPairMoves& pair, std::vector<Finding>& findings) const {
    if (pair.target.max_connections <= 0) return;
    int sessions = 0;
    for (const Move* move : pair.moves) sessions += move->database.sessions;
    // What its databases were promised is known only where it was placed by room; who is there now always is, and is no matter of a
    // database without sessions.
    const auto room = part<ConnectionRoomFact>(pair.target.parts, kConnectionRoomPart);
    const int there = std::max<int>(pair.target.sessions, room && sessions > 0 ? room->taken : 0);
    const int free = pair.target.max_connections - there - kOwnConnections;
    if (sessions > free)
      add(findings, Severity::block, pair,
          fmt::format("max_connections is {} and {} sessions are there already; the databases have {} now", pair.target.max_connections, there,
                      sessions),
          "the app would be refused with \"too many clients\" after the move",
          fmt::format("raise max_connections of {} and restart it", pair.target.server));
    else if (pair.target.max_connections < pair.source.max_connections)
      add(findings, Severity::warn, pair,
          fmt::format("max_connections is {} there, {} on {}", pair.target.max_connections, pair.source.max_connections, pair.source.server),
          "a peak that the old server took may be refused by the new one",
          fmt::format("raise max_connections of {} and restart it, or make the applications' pools smaller", pair.target.server));
  }

  void transactions_and_locks(const ServerPairMoves& pair, std::vector<Finding>& findings) const {
    const int locks_here = pair.source.max_locks_per_transaction, locks_there = pair.target.max_locks_per_transaction;
    if (locks_there > 0 && locks_there < locks_here)
      add(findings, Severity::warn, pair, fmt::format("max_locks_per_transaction is {} there, {} on {}", locks_there, locks_here, pair.source.server),
          "a transaction that touches many tables, a dump for one, may fail with \"out of shared memory\"",
          fmt::format("raise max_locks_per_transaction of {} and restart it", pair.target.server));
    if (number_setting(pair.source, "max_prepared_transactions") > 0 && number_setting(pair.target, "max_prepared_transactions") == 0)
      add(findings, Severity::warn, pair,
          fmt::format("max_prepared_transactions is 0 there, {} on {}", setting_of(pair.source, "max_prepared_transactions"), pair.source.server),
          "PREPARE TRANSACTION fails there; an app with two-phase commit can't do without it",
          fmt::format("set max_prepared_transactions of {} and restart it, if any app uses it", pair.target.server));
    const std::string wal_there = setting_of(pair.target, "wal_level");
    if (setting_of(pair.source, "wal_level") == "logical" && !wal_there.empty() && wal_there != "logical")
      add(findings, Severity::warn, pair, fmt::format("wal_level is {} there, logical on {}", wal_there, pair.source.server),
          "logical replication slots can't be made there, so change data capture and subscribers can't follow",
          fmt::format("set wal_level = logical on {} and restart it, if anything replicates from these databases", pair.target.server));
  }

  // What the databases set for themselves travels with them.
  static bool all_set_it(const ServerPairMoves& pair, std::string setting) {
    setting = lowered(setting) + "=";
    return std::all_of(pair.moves.begin(), pair.moves.end(), [&](const Move* move) {
      return std::any_of(move->database.settings.begin(), move->database.settings.end(),
                         [&](const std::string& each) { return lowered(each).starts_with(setting); });
    });
  }

  void results(const ServerPairMoves& pair, std::vector<Finding>& findings) const {
    std::vector<std::string> different;
    for (const char* setting : kResults) {
      const std::string here = setting_of(pair.source, setting), there = setting_of(pair.target, setting);
      if (!pair.source.settings.contains(setting) || !pair.target.settings.contains(setting) || mean_the_same(setting, here, there) ||
          all_set_it(pair, setting))
        continue;
      different.push_back(fmt::format("{} {} here, {} there", setting, here.empty() ? "''" : here, there.empty() ? "''" : there));
    }
    if (different.empty()) return;
    add(findings, Severity::warn, pair, shortened(different, 8), "the same statement may give, or write, something else after the move",
        fmt::format("set them on {} as they are on {}, or for each database (ALTER DATABASE ... SET); pgconvoy parity --output conf writes the lines",
                    pair.target.server, pair.source.server));
  }

  void memory(const ServerPairMoves& pair, std::vector<Finding>& findings) const {
    std::vector<std::string> smaller;
    for (const auto& [setting, unit] : kMemory) {
      const double here = number_setting(pair.source, setting), there = number_setting(pair.target, setting);
      if (here > 0 && there > 0 && there * 2 < here && !all_set_it(pair, setting))
        smaller.push_back(fmt::format("{} {} there, {} on {}", setting, amount_of(pair.target, setting, unit),
                                      amount_of(pair.source, setting, unit), pair.source.server));
    }
    if (smaller.empty()) return;
    add(findings, Severity::warn, pair, shortened(smaller, 8),
        "the same queries may be much slower there", fmt::format("pgconvoy parity shows the values; set them on {}", pair.target.server));
  }

  void passwords(const ServerPairMoves& pair, std::vector<Finding>& findings) const {
    const std::string here = setting_of(pair.source, "password_encryption"), there = setting_of(pair.target, "password_encryption");
    if (here != "scram-sha-256" || (there != "md5" && there != "on")) return;
    add(findings, Severity::warn, pair, fmt::format("password_encryption is {} there, {} on {}", there, here, pair.source.server),
        "the next password that is set there becomes an md5 verifier, which is weaker and refused where pg_hba.conf asks for scram-sha-256",
        fmt::format("set password_encryption = 'scram-sha-256' on {}", pair.target.server));
  }
};

}  // namespace

std::unique_ptr<Condition> make_server_configuration_fits() { return std::make_unique<ServerConfigurationFits>(); }

}  // namespace pgconvoy
