#include "engine/postgres/database_properties.hpp"

#include <fmt/format.h>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "engine/postgres/catalogue.hpp"

namespace pgconvoy {

namespace {

// Code sets are spelled in several ways: "en_US.utf8" is "en_US.UTF-8".
std::string locale(const char* column) {
  return fmt::format("regexp_replace({0}, '\\.utf-?8$', '.UTF-8', 'i')", column);
}

std::string properties_sql(const Dialect& dialect, const std::string& database, const std::optional<Ownership>& was) {
  const std::string name = quote_literal(database);
  const std::string owner = was ? "(select r.oid from pg_catalog.pg_roles r where r.rolname = " + quote_literal(was->owner) + ")" : "d.datdba";
  const std::string acl = !was ? "d.datacl" : (was->acl.empty() ? "null" : quote_literal(was->acl)) + "::aclitem[]";
  const std::string limit = was ? std::to_string(was->connection_limit) : "d.datconnlimit";
  const std::string icu = dialect.version >= 170000   ? "d.datlocale"
                          : dialect.version >= 150000 ? "d.daticulocale"
                                                      : "null::text";
  const std::string provider =
      dialect.since(15, "case d.datlocprovider when 'c' then 'libc' when 'i' then 'icu' else 'builtin' end", "'libc'");
  const auto row = [&](const char* kind, const std::string& value) {
    return fmt::format(
        "select 'database {}' as kind, 'database' as identity, '' as parent, ({})::text as definition,"
        " null::text as hidden from pg_catalog.pg_database d where d.datname = {}\n",
        kind, value, name);
  };
  const auto also = [&](const char* kind, const std::string& value) { return "union all\n" + row(kind, value); };
  return row("owner", "quote_ident(pg_get_userbyid(" + owner + "))") + also("encoding", "pg_encoding_to_char(d.encoding)") +
         also("collate", locale("d.datcollate::text")) + also("ctype", locale("d.datctype::text")) +
         also("locale provider", "concat_ws(' ', " + provider + ", " + icu + ")") +
         also("connection limit", limit) +
         also("comment", "coalesce(shobj_description(d.oid, 'pg_database'), 'none')") +
         also("acl", catalogue::privileges(dialect, "coalesce(" + acl + ", acldefault('d', " + owner + "))", owner)) + R"(
union all
select 'database security label', 'by ' || l.provider, '', l.label, null
  from pg_catalog.pg_shseclabel l join pg_catalog.pg_database d on l.classoid = 'pg_catalog.pg_database'::regclass and l.objoid = d.oid
 where d.datname = )" +
         name + R"(
union all
select 'setting', coalesce('role ' || quote_ident(r.rolname) || ': ', '') || split_part(c.line, '=', 1), '', 'set', substr(c.line, strpos(c.line, '=') + 1)
  from pg_catalog.pg_db_role_setting s
  join pg_catalog.pg_database d on d.oid = s.setdatabase
  left join pg_catalog.pg_roles r on r.oid = s.setrole,
       unnest(s.setconfig) c(line)
 where (r.rolname is null or r.rolname !~ '^pgconvoy_') and d.datname = )" +
         name + ";\n";
}

Task<Result<std::vector<CatalogueEntry>>> read_properties(Session& session, Dialect dialect, std::string database,
                                                             std::optional<Ownership> was) {
  CO_TRY(auto results, co_await session.script(properties_sql(dialect, database, was)));
  auto entries = catalogue_entries(results);
  if (entries.empty()) {
    Error missing(ErrorKind::not_found, fmt::format("database {} does not exist", quote_identifier(database)));
    co_return std::move(missing).on(session.server());
  }
  co_return std::move(entries);
}

}  // namespace

Task<Result<std::vector<Difference>>> compare_database_properties(Session& source_maintenance,
                                                                  std::string source_database,
                                                                  Session& target_maintenance,
                                                                  std::string target_database,
                                                                  std::optional<Ownership> source_was, CompareOptions options) {
  using namespace asio::experimental::awaitable_operators;
  const int source_version = source_maintenance.server_version(), target_version = target_maintenance.server_version();
  const Dialect ours{source_version, target_version, true, options.ignore_roles};
  const Dialect theirs{target_version, source_version, false, options.ignore_roles};
  auto reading_source = read_properties(source_maintenance, ours, std::move(source_database), std::move(source_was));
  std::optional<Ownership> as_it_is;
  auto reading_target = read_properties(target_maintenance, theirs, std::move(target_database), std::move(as_it_is));
  auto [left, right] = co_await (std::move(reading_source) && std::move(reading_target));
  if (!left) co_return std::move(left).error();
  if (!right) co_return std::move(right).error();
  auto merged = merge_catalogues(*std::move(left), *std::move(right));
  for (auto& difference : merged.differences)  // what the two values are stays hidden
    if (difference.kind == "setting" && !difference.source.empty() && !difference.target.empty())
      difference.source = "set", difference.target = "set to another value";
  co_return std::move(merged.differences);
}

}  // namespace pgconvoy
