#include "operations/database_owner.hpp"

#include <fmt/format.h>

#include "engine/platform/cluster_ddl.hpp"

namespace pgconvoy {
namespace {

// Of who logged in: the server lets superusers past a limit.
constexpr const char* kIsSuperuser = "(select rolsuper from pg_roles where rolname = session_user)";

// $1: the database, $2: privileges as text, null for the owner's default. True when both say the same.
constexpr const char* kSamePrivileges = R"(
with of_database as (select a.* from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a where d.datname = $1),
     wanted as (select a.* from pg_database d, aclexplode(coalesce($2::aclitem[], acldefault('d', d.datdba))) a where d.datname = $1)
select not exists (table of_database except table wanted) and not exists (table wanted except table of_database))";

}  // namespace

Task<Result<void>> change_database(Session& maintenance, std::string sql) {
  // Without the lock that other changes to the cluster take: those last as long as a database takes to be made.
  for (int attempt = 1;; ++attempt) {
    auto done = co_await maintenance.script(sql);
    if (done) co_return Result<void>();
    if (attempt == kClusterAttempts || !met_concurrent_change(done.error())) co_return std::move(done).error();
    co_await sleep_for(pause_before(attempt));
  }
}

Task<Result<Ownership>> ownership_of(Session& maintenance, std::int64_t oid) {
  std::vector<Value> parameters{std::to_string(oid)};
  CO_TRY(Rows rows, co_await maintenance.query("select pg_get_userbyid(datdba), coalesce(datacl::text, ''), datconnlimit "
                                               "from pg_database where oid = $1::oid",
                                               parameters));
  if (rows.empty())
    co_return Error(ErrorKind::not_found, fmt::format("no database has oid {} any more", oid)).on(maintenance.server());
  Ownership found{rows.text(0, 0), rows.text(0, 1), static_cast<int>(rows.number(0, 2))};
  co_return found;
}

Task<Result<void>> take_over_database(Session& maintenance, std::string name) {
  CO_TRY(Rows rows, co_await maintenance.query(fmt::format("select {}", kIsSuperuser)));
  const std::string database = maintenance.quote_identifier(name);
  std::string sql = fmt::format("alter database {} owner to current_user;\n", database);
  if (rows.truth(0, 0)) sql += fmt::format("alter database {} connection limit 0;\n", database);
  sql += fmt::format("alter database {} allow_connections false;\n", database);
  auto done = co_await change_database(maintenance, std::move(sql));
  if (!done)
    co_return std::move(done).error().within(fmt::format("\"{}\" can't be made ours, so its owner could lift the fence", name))
        .on(maintenance.server());
  co_return Result<void>();
}

Task<Result<bool>> is_taken_over(Session& maintenance, std::int64_t oid) {
  std::vector<Value> parameters{std::to_string(oid)};
  CO_TRY(Rows rows, co_await maintenance.query(
                        fmt::format("select pg_get_userbyid(datdba) = current_user and (datconnlimit = 0 or not {}) "
                                    "from pg_database where oid = $1::oid",
                                    kIsSuperuser),
                        parameters));
  co_return !rows.empty() && rows.truth(0, 0);
}

Task<Result<bool>> is_open_for(Session& maintenance, std::int64_t oid, Ownership wanted) {
  std::vector<Value> parameters{std::to_string(oid), wanted.owner, std::to_string(wanted.connection_limit)};
  CO_TRY(Rows rows, co_await maintenance.query("select pg_get_userbyid(datdba) = $2 and datconnlimit = $3::integer and datallowconn "
                                               "from pg_database where oid = $1::oid",
                                               parameters));
  co_return !rows.empty() && rows.truth(0, 0);
}

// Nothing granted, then everything in its order. A superuser's grants count as the owner's, others are made as who made them.
Task<Result<std::string>> privileges_anew(Session& maintenance, std::string name, Ownership wanted) {
  const std::string database = maintenance.quote_identifier(name);
  std::vector<Value> of{name};
  CO_TRY(Rows now, co_await maintenance.query(
                       "select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end "
                       "from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a "
                       "where d.datname = $1",
                       of));
  std::string sql;
  for (std::size_t i = 0; i < now.size(); ++i)
    sql += fmt::format("revoke all on database {} from {} cascade;\n", database, now.text(i, 0));
  std::vector<Value> parameters{wanted.acl.empty() ? Value() : Value(wanted.acl), wanted.owner};
  CO_TRY(Rows rows, co_await maintenance.query(
                        "select quote_ident(pg_get_userbyid(a.grantor)), a.grantor = o.oid, "
                        " case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end, "
                        " a.privilege_type, a.is_grantable "
                        "from pg_roles o, aclexplode(coalesce($1::aclitem[], acldefault('d', o.oid))) with ordinality "
                        " a(grantor, grantee, privilege_type, is_grantable, place) where o.rolname = $2 order by a.place",
                        parameters));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool by_another = !rows.truth(i, 1);
    if (by_another) sql += fmt::format("set local role {};\n", rows.text(i, 0));
    sql += fmt::format("grant {} on database {} to {}{};\n", rows.text(i, 3), database, rows.text(i, 2),
                       rows.truth(i, 4) ? " with grant option" : "");
    if (by_another) sql += "reset role;\n";
  }
  co_return sql;
}

Task<Result<void>> hand_database_over(Session& maintenance, std::string name, Ownership before, bool allow_connections) {
  const std::string database = maintenance.quote_identifier(name);
  std::string sql = fmt::format("alter database {0} owner to {1};\nalter database {0} connection limit {2};\n"
                                "alter database {0} allow_connections {3};\n",
                                database, maintenance.quote_identifier(before.owner), before.connection_limit, allow_connections);
  auto done = co_await change_database(maintenance, std::move(sql));
  if (!done)
    co_return std::move(done).error().within(fmt::format("\"{}\" can't be given back to its owner \"{}\"", name, before.owner))
        .on(maintenance.server());
  co_return Result<void>();
}

Task<Result<void>> hand_database_back(Session& maintenance, std::string name, Ownership before, bool allow_connections) {
  const bool closed = false;  // as long as its privileges aren't certain
  CO_TRY_VOID(co_await hand_database_over(maintenance, name, before, closed));
  std::vector<Value> parameters{name, before.acl.empty() ? Value() : Value(before.acl)};
  CO_TRY(Rows same, co_await maintenance.query(kSamePrivileges, parameters));
  std::string sql;
  if (!same.truth(0, 0)) {
    CO_TRY(sql, co_await privileges_anew(maintenance, name, before));
  }
  sql += fmt::format("alter database {} allow_connections {};\n", maintenance.quote_identifier(name), allow_connections);
  auto done = co_await change_database(maintenance, std::move(sql));
  if (!done)
    co_return std::move(done).error().within(fmt::format("\"{}\" can't get its privileges back", name)).on(maintenance.server());
  co_return Result<void>();
}

}  // namespace pgconvoy
