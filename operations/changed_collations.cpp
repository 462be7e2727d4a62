#include "operations/changed_collations.hpp"

#include <fmt/format.h>

namespace pgconvoy {
namespace {

// Of an index each collation that it uses: of its keys, of what its expressions name, and, where it has expressions or a predicate, of the columns
// that these read (what they compare isn't kept: one too many is rebuilt rather than one too few). First those that are in use are looked for:
// the version of one whose locale is gone from the machine can't be asked for, and most that a server knows nobody uses.
constexpr const char* kUsedCollations =
    "used as materialized (select x.indexrelid, u.c from pg_index x join pg_class i on i.oid = x.indexrelid join pg_namespace n on n.oid = i.relnamespace, "
    "lateral (select unnest(x.indcollation::oid[]) as c union select d.refobjid from pg_depend d where d.classid = 'pg_class'::regclass and "
    "d.objid = x.indexrelid and d.refclassid = 'pg_collation'::regclass "
    "union select a.attcollation from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid where d.classid = 'pg_class'::regclass and "
    "d.objid = x.indexrelid and d.refclassid = 'pg_class'::regclass and d.refobjid = x.indrelid and (x.indexprs is not null or x.indpred is not null)) u where i.relkind = 'i' and i.relpersistence <> 't' and x.indisvalid and u.c <> 0 "
    "and n.nspname !~ '^pg_' and n.nspname <> 'information_schema')";

// 100 is the database's own, which "default" stands for.
std::string changed_sql(const Session& session) {
  std::string sql =
      "changed as materialized (select c.oid, format('%I.%I', n.nspname, c.collname) as name, c.collversion as kept, "
      "pg_collation_actual_version(c.oid) as actual from pg_collation c join pg_namespace n on n.oid = c.collnamespace "
      "where c.oid in (select c from used) and c.oid <> 100 and c.collversion is not null and c.collversion is distinct from pg_collation_actual_version(c.oid)";
  if (keeps_version_of_database(session))
    sql += " union all select 100, '', datcollversion, pg_database_collation_actual_version(oid) from pg_database where datname = current_database() "
           "and datcollversion is not null and datcollversion is distinct from pg_database_collation_actual_version(oid)";
  return sql + ")";
}

}  // namespace

Task<Result<std::vector<ChangedCollation>>> changed_collations(Session& session) {
  std::string sql = fmt::format("with {}, {} select name, kept, actual from changed order by name", kUsedCollations, changed_sql(session));
  CO_TRY(const Rows rows, co_await session.query(std::move(sql)));
  std::vector<ChangedCollation> changed;
  for (std::size_t i = 0; i < rows.size(); ++i) changed.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2)});
  co_return changed;
}

Task<Result<std::vector<CollatedIndex>>> collated_indexes(Session& session, bool all) {
  // C and POSIX compare bytes: nothing about them changes.
  const char* const meant = all ? "u.c not in (select oid from pg_collation where collname in ('C', 'POSIX') and collprovider = 'c')" : "u.c in (select oid from changed)";
  std::string sql = fmt::format(
      "with {}, {} select format('%I.%I', n.nspname, i.relname), r.rolname, r.rolsuper, x.indisexclusion, pg_relation_size(i.oid) "
      "from pg_index x join pg_class i on i.oid = x.indexrelid join pg_namespace n on n.oid = i.relnamespace join pg_class t on t.oid = x.indrelid "
      "join pg_roles r on r.oid = t.relowner where exists (select from used u where u.indexrelid = i.oid and {}) order by 5 desc, 1",
      kUsedCollations, changed_sql(session), meant);
  CO_TRY(const Rows rows, co_await session.query(std::move(sql)));
  std::vector<CollatedIndex> indexes;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CollatedIndex index;
    index.name = rows.text(i, 0);
    index.owner = rows.text(i, 1);
    index.of_superuser = rows.truth(i, 2);
    index.exclusion = rows.truth(i, 3);
    index.bytes = rows.number(i, 4);
    indexes.push_back(std::move(index));
  }
  co_return indexes;
}

}  // namespace pgconvoy
