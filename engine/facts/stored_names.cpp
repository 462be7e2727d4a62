#include "engine/facts/stored_names.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "engine/facts/code.hpp"
#include "engine/facts/part.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(StoredName, column, type, name, rows, fault)
PGCONVOY_JSON_FIELDS(StoredNamesFact, faults, not_checked)

namespace {

constexpr int kNamesOfColumn = 1000;
constexpr std::size_t kMostFaults = 200;

// named (type, base, many): every type that is one of them, in a domain or an array.
constexpr const char* kNamedTypes = R"sql(
  named(type, base, many) as (
    select t.oid, t.typname::text, false from pg_type t
     where t.oid < 16384 and t.typnamespace = 'pg_catalog'::regnamespace and t.typname ~ '^reg[a-z]+$'
    union
    select y.oid, n.base, n.many or y.typtype <> 'd' from named n join pg_type y
        on (y.typtype = 'd' and y.typbasetype = n.type) or (y.typcategory = 'A' and y.typelem = n.type and not n.many)))sql";

struct NameColumn {
  std::string table, column, base;
  bool many = false, tenants_code = false;
};

// How the name of an object of a type is looked up: by a function that answers null, or in a catalogue.
struct Lookup {
  const char* type;
  const char* function;   // nullptr: by name in the catalogue
  const char* catalogue;
  const char* schema;     // its column; nullptr: it lies in none
  const char* object;     // its column with the name
};
constexpr Lookup kLookups[] = {
    {"regclass", "to_regclass", "pg_class", "relnamespace", "relname"},
    {"regproc", "to_regproc", "pg_proc", "pronamespace", "proname"},
    {"regprocedure", "to_regprocedure", "pg_proc", "pronamespace", "proname"},
    {"regoper", "to_regoper", "pg_operator", "oprnamespace", "oprname"},
    {"regoperator", "to_regoperator", "pg_operator", "oprnamespace", "oprname"},
    {"regtype", "to_regtype", "pg_type", "typnamespace", "typname"},
    {"regrole", "to_regrole", "pg_roles", nullptr, "rolname"},
    {"regnamespace", "to_regnamespace", "pg_namespace", nullptr, "nspname"},
    {"regconfig", nullptr, "pg_ts_config", "cfgnamespace", "cfgname"},
    {"regdictionary", nullptr, "pg_ts_dict", "dictnamespace", "dictname"},
    {"regcollation", nullptr, "pg_collation", "collnamespace", "collname"},
};

const Lookup* lookup_of(const std::string& type) {
  for (const Lookup& each : kLookups)
    if (type == each.type) return &each;
  return nullptr;
}

// Rows (name, rows, is late, is bound to its place, is the system's, is found by its name).
std::string values_sql(const NameColumn& column, const Lookup& lookup) {
  const bool relation = column.base == "regclass";
  const std::string of_system =
      lookup.schema == nullptr ? "true"
                               : fmt::format("coalesce((select c.{} in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) from {} c where c.oid = v.o), false)",
                                             lookup.schema, lookup.catalogue);
  const std::string place =
      lookup.schema == nullptr ? fmt::format("v.o::{}::text ~ '^pg_(temp|toast_temp)_'", column.base)
                               : fmt::format("coalesce((select n.nspname ~ '^pg_(temp_|toast)' from {} c join pg_namespace n on n.oid = c.{} where c.oid = v.o), false)",
                                             lookup.catalogue, lookup.schema);
  return fmt::format(
      "select v.o::{0}::text, v.rows, {1}, {2}, {3}, {4} from (select u::oid as o, count(*) as rows from only {5} t, {6} where u::oid <> 0 group by 1 order by 1 limit {7}) v",
      column.base, relation ? "coalesce((select c.relkind in ('i', 'I') from pg_class c where c.oid = v.o), false)" : "false", place, of_system,
      lookup.function == nullptr ? "true" : fmt::format("coalesce({}(v.o::{}::text)::oid = v.o, false)", lookup.function, column.base), column.table,
      column.many ? fmt::format("unnest(t.{}::{}[]) u", column.column, column.base) : fmt::format("lateral (select t.{}::{}) s(u)", column.column, column.base),
      kNamesOfColumn + 1);
}

class NamesReading {
 public:
  explicit NamesReading(const InquiryContext& context) : context_(context), reader_(context, Seconds(context.arguments.value("time_budget", 30.0)), false) {}

  Task<Result<json>> all() {
    std::string sql = fmt::format(R"sql(with recursive {}, {}
  select c.oid::regclass::text, quote_ident(a.attname), n.base, n.many, c.oid in (select u.table_oid from unsafe u where u.table_oid is not null)
    from named n join pg_attribute a on a.atttypid = n.type join pg_class c on c.oid = a.attrelid
   where c.oid >= 16384 and c.relkind = 'r' and c.relpersistence <> 't' and a.attnum > 0 and not a.attisdropped and c.oid not in (select h.oid from held h)
   order by pg_relation_size(c.oid), 1, 2)sql", kNamedTypes, tenants_code_sql());
    CO_TRY(Rows rows, co_await reader_.read_catalogue(std::move(sql)));
    std::vector<NameColumn> columns;
    for (std::size_t i = 0; i < rows.size(); ++i)
      columns.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.truth(i, 3), rows.truth(i, 4)});
    for (const NameColumn& column : columns) co_await read(column);
    CO_TRY_VOID(co_await ask_target());
    co_return json(fact_);
  }

 private:
  Task<void> read(const NameColumn& column) {
    const Lookup* lookup = lookup_of(column.base);
    const std::string named = fmt::format("column {}.{}", column.table, column.column);
    if (lookup == nullptr) {
      fact_.not_checked.push_back({named, fmt::format("nothing is known of values of type {}", column.base), false});
      co_return;
    }
    std::string sql = values_sql(column, *lookup);
    auto rows = co_await reader_.read(column.tenants_code ? RowReader::As::tenant : RowReader::As::administrator, std::move(sql));
    if (!rows) {
      fact_.not_checked.push_back(reader_.not_checked(named, rows.error()));
      co_return;
    }
    for (std::size_t i = 0; i < rows->size(); ++i) judge(column, *rows, i);
    if (rows->size() > static_cast<std::size_t>(kNamesOfColumn))
      fact_.not_checked.push_back({named, fmt::format("it has more than {} values", kNamesOfColumn), false});
  }

  void judge(const NameColumn& column, const Rows& rows, std::size_t i) {
    StoredName name{fmt::format("{}.{}", column.table, column.column), column.base, rows.text(i, 0), std::stoll(rows.text(i, 1)), ""};
    const bool late = rows.truth(i, 2), place = rows.truth(i, 3), of_system = rows.truth(i, 4), found = rows.truth(i, 5);
    if (name.name.find_first_not_of("0123456789") == std::string::npos)
      name.fault = "number";
    else if (place)
      name.fault = "place";
    else if (late)
      name.fault = "late";
    else if (!found)
      name.fault = "ambiguous";
    else if (of_system) {
      asked_[column.base].push_back(std::move(name));
      return;
    }
    if (!name.fault.empty()) add(std::move(name));
  }

  void add(StoredName name) {
    if (fact_.faults.size() < kMostFaults) fact_.faults.push_back(std::move(name));
  }

  // What the server brings may be gone on the target. Roles and schemas of the database are made before its rows.
  Task<Result<void>> ask_target() {
    if (asked_.empty()) co_return Result<void>();
    SessionOptions options = catalogue_options();
    const std::string maintenance;
    CO_TRY(SessionPtr session, co_await context_.open_target(maintenance, std::move(options)));
    for (auto& [type, names] : asked_) {
      const Lookup& lookup = *lookup_of(type);
      json list = json::array();
      for (const StoredName& name : names) list.push_back(name.name);
      std::string sql = lookup.function != nullptr
                            ? fmt::format("select n from json_array_elements_text($1::json) n where {}(n) is null", lookup.function)
                            : fmt::format("select n from json_array_elements_text($1::json) n where not exists (select from {} c where quote_ident(c.{}) = n)",
                                          lookup.catalogue, lookup.object);
      std::vector<Value> parameters{list.dump(-1, ' ', false, json::error_handler_t::replace)};
      CO_TRY(const Rows missing, co_await session->query(std::move(sql), std::move(parameters)));
      std::set<std::string> gone;
      for (std::size_t i = 0; i < missing.size(); ++i) gone.insert(missing.text(i, 0));
      for (StoredName& name : names) {
        if (!gone.contains(name.name) || is_made(type, name.name)) continue;
        name.fault = type == "regrole" ? "role" : "gone";
        add(std::move(name));
      }
    }
    co_return Result<void>();
  }

  bool is_made(const std::string& type, const std::string& name) const {
    if (type == "regnamespace") return !name.starts_with("pg_");
    if (type != "regrole") return false;
    for (const std::string& role : context_.database().roles)
      if (name == role || name == quote_identifier(role)) return true;
    return false;
  }

  const InquiryContext& context_;
  RowReader reader_;
  std::map<std::string, std::vector<StoredName>> asked_;  // by type
  StoredNamesFact fact_;
};

}  // namespace

std::string name_columns_sql(int) {
  return fmt::format(R"sql((with recursive {}
  select to_json(exists (select from named n join pg_attribute a on a.atttypid = n.type join pg_class c on c.oid = a.attrelid
                          where c.oid >= 16384 and c.relkind = 'r' and c.relpersistence <> 't' and a.attnum > 0 and not a.attisdropped))))sql", kNamedTypes);
}

Task<Result<json>> read_stored_names(const InquiryContext& context) {
  const auto any = part<bool>(context.database().parts, kNameColumnsPart);
  if (!any) co_return Error(ErrorKind::refused, "which columns hold names was not read");
  json nothing = StoredNamesFact{};
  if (!*any) co_return nothing;
  NamesReading reading(context);
  co_return co_await reading.all();
}

}  // namespace pgconvoy
