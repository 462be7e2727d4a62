#include "engine/postgres/schema_marker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgconvoy {
namespace {

// Of every server version its own catalogues, and the oldest transaction that may still be at work.
constexpr const char* kCatalogues =
    "select c.relname, txid_snapshot_xmin(txid_current_snapshot()) & 4294967295 from pg_catalog.pg_class c "
    "where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' and not c.relisshared "
    "and c.relname not in ('pg_statistic', 'pg_statistic_ext_data', 'pg_largeobject', 'pg_largeobject_metadata', 'pg_subscription_rel') "
    "order by 1";

// Both ages are counted from the same transaction, so it doesn't matter how many there were since.
std::string sum_of(const std::string& catalogue, const std::string& moment) {
  return fmt::format("select {} as name, count(*) as rows, sum(hashtextextended(ctid::text || ' ' || xmin::text, 0)) filter (where age(xmin) <= age('{}'::xid)) as sum from pg_catalog.{}",
                     quote_literal(catalogue), moment, quote_identifier(catalogue));
}

std::string digits_of(const std::string& marker) { return marker.substr(0, std::min(marker.find_first_not_of("0123456789"), marker.size())); }

}  // namespace

Task<Result<std::string>> schema_marker(Session& session, std::string earlier) {
  CO_TRY(const Rows catalogues, co_await session.query(kCatalogues));
  if (catalogues.empty()) co_return Error(ErrorKind::internal, "there are no catalogues").on(session.server());
  std::string moment = digits_of(earlier);
  if (moment.empty()) moment = catalogues.text(0, 1);
  std::string sql =
      "select case when exists (select from pg_catalog.pg_subscription s join pg_catalog.pg_database d on d.oid = s.subdbid where d.datname = current_database()) then '' "
      "else (select md5(string_agg(concat_ws(' ', name, rows, sum), ',' order by name)) from (";
  for (std::size_t i = 0; i < catalogues.size(); ++i) sql += sum_of(catalogues.text(i, 0), moment) + " union all ";
  sql +=
      "select 'roles', count(*), sum(hashtextextended(concat_ws(' ', oid, rolsuper, rolname), 0)) from pg_catalog.pg_roles where rolname !~ '^pgconvoy_' union all "
      "select 'tablespaces', count(*), sum(hashtextextended(concat_ws(' ', oid, spcname), 0)) from pg_catalog.pg_tablespace) parts) end";
  CO_TRY(const Rows marker, co_await session.query(std::move(sql)));
  if (marker.empty()) co_return Error(ErrorKind::internal, "the catalogues have no marker").on(session.server());
  co_return marker.text(0, 0).empty() ? std::string() : moment + " " + marker.text(0, 0);
}

}  // namespace pgconvoy
