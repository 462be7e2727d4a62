#include "engine/facts/libraries.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "engine/facts/part.hpp"
#include "engine/facts/settings.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(LibraryFunctionFact, library, symbol, function, language)
PGCONVOY_JSON_FIELDS(LibrariesFact, functions, more, languages, plugins)
PGCONVOY_JSON_FIELDS(TargetLibraryFact, library, used_by, found, looked_for, lacking_symbols)

// A language outside any extension is dumped with its handler when all its functions are dumped, and by its name alone
// otherwise, which CREATE LANGUAGE takes for CREATE EXTENSION since 13.
std::string libraries_sql(int) {
  const std::string own = R"sql(
    p.oid >= 16384 and l.lanname in ('c', 'internal')
      and p.pronamespace not in (select n.oid from pg_namespace n where n.nspname ~ '^pg_' or n.nspname = 'information_schema')
      and not exists (select 1 from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'))sql";
  return R"sql((
  select json_build_object(
    'functions', coalesce((
      select json_agg(json_build_object('library', f.library, 'symbol', f.prosrc, 'function', f.oid::regprocedure::text, 'language',
               coalesce((select min(h.lanname::text) from pg_language h where h.lanplcallfoid = f.oid), '')) order by f.library, f.oid)
        from (select p.oid, case when l.lanname = 'c' then p.probin else '' end as library, p.prosrc
                from pg_proc p join pg_language l on l.oid = p.prolang where )sql" + own + R"sql(
               order by 2, 1 limit 500) f), '[]'),
    'more', (select greatest(count(*) - 500, 0) from pg_proc p join pg_language l on l.oid = p.prolang where )sql" + own + R"sql(),
    'languages', coalesce((
      select json_agg(g.lanname order by g.lanname) from pg_language g
       where g.oid >= 16384
         and not exists (select 1 from pg_depend d where d.classid = 'pg_language'::regclass and d.objid = g.oid and d.deptype = 'e')
         and exists (select 1 from pg_proc f join pg_namespace n on n.oid = f.pronamespace
                      where f.oid in (g.lanplcallfoid, g.laninline, g.lanvalidator)
                        and (n.nspname ~ '^pg_' or n.nspname = 'information_schema'
                             or exists (select 1 from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = f.oid and d.deptype = 'e')))), '[]'),
    'plugins', coalesce((select json_agg(slot_name || ': ' || plugin order by slot_name) from pg_replication_slots
                          where database = current_database() and slot_type = 'logical'), '[]'))))sql";
}

std::vector<std::string> listed_libraries(std::string_view list) {
  std::vector<std::string> names;
  std::string name;
  bool quoted = false;
  for (const char c : list) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      if (!name.empty()) names.push_back(name);
      name.clear();
    } else if (quoted || (c != ' ' && (c < '\t' || c > '\r'))) {
      name += c;
    }
  }
  if (!name.empty()) names.push_back(name);
  return names;
}

std::vector<TargetLibraryFact> preloaded_libraries(const TargetFacts& facts, const std::string& instance) {
  std::set<std::pair<std::string, std::string>> found;
  for (const NamedSetting& setting : settings_that_move(facts, instance))
    if (setting.name == "session_preload_libraries" || setting.name == "local_preload_libraries")
      for (const std::string& library : listed_libraries(setting.value)) found.emplace(setting.name, library);
  std::vector<TargetLibraryFact> libraries;
  for (const auto& [setting, library] : found) libraries.push_back({library, setting, false, {}, {}});
  return libraries;
}

namespace {

// What the inquiry knows of the target server.
struct LibraryPlaces {
  std::string own;   // PKGLIBDIR
  std::string path;  // dynamic_library_path
};

std::string with_own_directory(const std::string& name, const LibraryPlaces& places) {
  const std::string macro = "$libdir";
  return name.starts_with(macro) ? places.own + name.substr(macro.size()) : name;
}

// In the order of the server: along the path for a bare name, and each as it is, then with the suffix.
std::vector<std::string> candidates_of(const TargetLibraryFact& library, const LibraryPlaces& places) {
  std::vector<std::string> files;
  const auto add = [&files](const std::string& file) {
    files.push_back(file);
    files.push_back(file + ".so");
  };
  std::string name = library.library;
  if (library.used_by == "local_preload_libraries" && name.find('/') == std::string::npos) name = "$libdir/plugins/" + name;
  if (name.find('/') != std::string::npos) {
    add(with_own_directory(name, places));
    return files;
  }
  std::string rest = places.path + ":";
  for (std::size_t colon = rest.find(':'); colon != std::string::npos; colon = rest.find(':')) {
    const std::string directory = with_own_directory(rest.substr(0, colon), places);
    rest = rest.substr(colon + 1);
    if (!directory.empty()) add(directory + "/" + name);
  }
  return files;
}

// A function that C code offers has an entry of this name in the table of symbols, followed by a zero byte. A library
// that is larger than 64 MB isn't read.
constexpr const char* kLacking = R"sql(
select s.symbol from json_array_elements_text($2::json) s(symbol),
       (select pg_read_binary_file($1) as content where (pg_stat_file($1)).size < 67108864) f
 where position(convert_to('pg_finfo_' || s.symbol, 'UTF8') || '\x00'::bytea in f.content) = 0)sql";

Task<Result<void>> look(Session& session, TargetLibraryFact& library, LibraryPlaces places, std::vector<std::string> symbols) {
  constexpr std::size_t kSymbolsAtMost = 200;
  library.looked_for = candidates_of(library, places);
  for (const std::string& file : library.looked_for) {
    std::vector<Value> parameters{file};
    CO_TRY(const Rows there, co_await session.query("select not coalesce((pg_stat_file($1, true)).isdir, true)", parameters));
    if (!there.truth(0, 0)) continue;
    library.found = true;
    if (symbols.size() > kSymbolsAtMost) symbols.resize(kSymbolsAtMost);
    if (!symbols.empty()) {
      std::vector<Value> wanted{file, json(symbols).dump()};
      CO_TRY(const Rows lacking, co_await session.query(kLacking, wanted));
      for (std::size_t i = 0; i < lacking.size(); ++i) library.lacking_symbols.push_back(lacking.text(i, 0));
    }
    break;
  }
  co_return Result<void>();
}

// The server's own functions are known by the names that its catalogue gives them.
Task<Result<void>> look_for_own(Session& session, TargetLibraryFact& library, std::vector<std::string> symbols) {
  std::vector<Value> parameters{json(symbols).dump()};
  CO_TRY(const Rows lacking,
         co_await session.query("select s.symbol from json_array_elements_text($1::json) s(symbol) where s.symbol not in "
                                "(select p.prosrc from pg_proc p join pg_language l on l.oid = p.prolang where l.lanname = 'internal')",
                                parameters));
  library.found = true;
  for (std::size_t i = 0; i < lacking.size(); ++i) library.lacking_symbols.push_back(lacking.text(i, 0));
  co_return Result<void>();
}

}  // namespace

Task<Result<json>> read_target_libraries(const InquiryContext& context) {
  std::vector<TargetLibraryFact> wanted = preloaded_libraries(context.facts, context.instance.id);
  std::map<std::string, std::vector<std::string>> symbols;
  if (const auto used = part<LibrariesFact>(context.database().parts, kLibrariesPart)) {
    for (const LibraryFunctionFact& function : used->functions) symbols[function.library].push_back(function.symbol);
    for (const auto& [library, names] : symbols) wanted.push_back({library, "functions", false, {}, {}});
    for (const std::string& slot : used->plugins) {
      const std::string plugin = slot.substr(slot.find(": ") + 2);
      if (plugin != "pgoutput") wanted.push_back({plugin, "plugin", false, {}, {}});
    }
  }
  json found = json::array();
  if (wanted.empty()) co_return found;
  SessionOptions options;
  options.application_name = "pgconvoy/facts";
  options.statement_limit = Seconds(10);
  options.lock_limit = Seconds(2);
  options.settings = {{"default_transaction_read_only", "on"}};
  const std::string maintenance;
  CO_TRY(SessionPtr session, co_await context.open_target(maintenance, std::move(options)));
  std::vector<Value> none;
  CO_TRY(const Rows where, co_await session->query("select (select setting from pg_config where name = 'PKGLIBDIR'), "
                                                   "current_setting('dynamic_library_path')",
                                                   none));
  const LibraryPlaces places{where.text(0, 0), where.text(0, 1)};
  for (TargetLibraryFact& library : wanted) {
    std::vector<std::string> names = library.used_by == "functions" ? symbols[library.library] : std::vector<std::string>();
    if (library.library.empty()) {
      CO_TRY_VOID(co_await look_for_own(*session, library, std::move(names)));
    } else {
      CO_TRY_VOID(co_await look(*session, library, places, std::move(names)));
    }
    found.push_back(library);
  }
  co_return found;
}

}  // namespace pgconvoy
