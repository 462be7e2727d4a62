#include "engine/postgres/schema_marker.hpp"

#include <fmt/format.h>

namespace pgconvoy {
namespace {

// Of every server version its own catalogues. Numbers add up in numeric, so nothing overflows.
constexpr const char* kCatalogues =
    "select c.relname from pg_catalog.pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' and not c.relisshared "
    "and c.relname not in ('pg_statistic', 'pg_statistic_ext_data', 'pg_largeobject', 'pg_largeobject_metadata', 'pg_subscription_rel') "
    "order by 1";

std::string sum_of(const std::string& catalogue) {
  return fmt::format("select {} as name, count(*) as rows, sum(hashtextextended(ctid::text || ' ' || xmin::text, 0)) as sum from pg_catalog.{}",
                     quote_literal(catalogue), quote_identifier(catalogue));
}

}  // namespace

Task<Result<std::string>> schema_marker(Session& session) {
  CO_TRY(const Rows catalogues, co_await session.query(kCatalogues));
  std::string sql =
      "select case when exists (select from pg_catalog.pg_subscription s join pg_catalog.pg_database d on d.oid = s.subdbid where d.datname = current_database()) then '' "
      "else (select md5(string_agg(concat_ws(' ', name, rows, sum), ',' order by name)) from (";
  for (std::size_t i = 0; i < catalogues.size(); ++i) sql += sum_of(catalogues.text(i, 0)) + " union all ";
  sql +=
      "select 'roles', count(*), sum(hashtextextended(concat_ws(' ', oid, rolsuper, rolname), 0)) from pg_catalog.pg_roles where rolname !~ '^pgconvoy_' union all "
      "select 'tablespaces', count(*), sum(hashtextextended(concat_ws(' ', oid, spcname), 0)) from pg_catalog.pg_tablespace) parts) end";
  CO_TRY(const Rows marker, co_await session.query(std::move(sql)));
  if (marker.empty()) co_return Error(ErrorKind::internal, "the catalogues have no marker").on(session.server());
  co_return marker.text(0, 0);
}

}  // namespace pgconvoy
