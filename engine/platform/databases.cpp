#include <fmt/format.h>

#include "engine/postgres/new_database.hpp"
#include "engine/platform/shared_server.hpp"

namespace pgconvoy::shared_server {
namespace {

// CREATE DATABASE copies template0's files, DROP waits for backends to end: both may take longer than a catalogue
// query.
constexpr Seconds kDatabaseLimit{300};

// An administrator who isn't a superuser can give a database only to a role it may become.
Task<Result<void>> become_member(Session& maintenance, std::string owner) {
  const bool distinguishes = maintenance.server_version() >= 160000;
  std::vector<Value> parameters{owner};
  const std::string sql = fmt::format(
      "select (select rolsuper from pg_roles where rolname = current_user), r.oid is not null, "
      "coalesce(pg_has_role(r.oid, 'USAGE'){}, false) from (values ($1::text)) w(name) left join pg_roles r on "
      "r.rolname = w.name",
      distinguishes ? " and pg_has_role(r.oid, 'SET')" : "");
  CO_TRY(const Rows rows, co_await maintenance.query(sql, parameters));
  if (!rows.truth(0, 1))
    co_return Error(ErrorKind::not_found, fmt::format("its owner \"{}\" doesn't exist on the server", owner),
                    "create the role first");
  if (rows.truth(0, 0) || rows.truth(0, 2)) co_return Result<void>();
  const std::string grant =
      "GRANT " + quote_identifier(owner) + " TO CURRENT_USER" + (distinguishes ? " WITH INHERIT TRUE, SET TRUE" : "");
  CO_TRY_VOID(co_await maintenance.query(grant));
  co_return Result<void>();
}

}  // namespace

Task<Result<std::int64_t>> create_database(Session& maintenance, DatabaseOrder order) {
  const std::string lookup = "select oid::int8 from pg_database where datname = $1";
  std::vector<Value> name{order.name};
  CO_TRY(const Rows existing, co_await maintenance.query(lookup, name));
  if (!existing.empty())
    co_return Error(ErrorKind::conflict,
                    fmt::format("it exists already (oid {}); nothing was changed", existing.text(0, 0)));
  CO_TRY_VOID(co_await become_member(maintenance, order.owner));

  const NewDatabase wanted{order.name, order.owner, order.encoding, order.collate, order.ctype, order.locale_provider, order.provider_locale};
  const std::string create = create_database_sql(maintenance.server_version(), wanted);
  std::vector<Value> none;
  CO_TRY_VOID(co_await maintenance.query(create, none, kDatabaseLimit));
  const std::string database = quote_identifier(order.name);
  std::string finish = fmt::format("REVOKE CONNECT, TEMPORARY ON DATABASE {0} FROM PUBLIC;\n", database);
  if (!order.comment.empty())
    finish += fmt::format("COMMENT ON DATABASE {} IS {};\n", database, quote_literal(order.comment));
  finish += fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true;\n", database);
  auto finished = co_await maintenance.script(finish);
  if (!finished) {
    // Made a moment ago and closed since: nothing is in it.
    const std::string drop = "DROP DATABASE IF EXISTS " + database;
    if (maintenance.usable()) (void)co_await maintenance.query(drop, none, kDatabaseLimit);
    co_return std::move(finished).error();
  }
  CO_TRY(const Rows made, co_await maintenance.query(lookup, name));
  if (made.empty()) co_return Error(ErrorKind::conflict, "somebody else dropped or renamed it at once");
  co_return made.number(0, 0);
}

Task<Result<void>> drop_database(Session& maintenance, std::string name, std::int64_t oid,
                                 std::string system_identifier) {
  std::vector<Value> parameters{name, std::to_string(oid)};
  CO_TRY(const Rows rows,
         co_await maintenance.query("select (select system_identifier::text from pg_control_system()), "
                                    "(select oid::int8 from pg_database where datname = $1), "
                                    "(select datname from pg_database where oid = $2::text::oid)",
                                    parameters));
  if (rows.text(0, 0) != system_identifier)
    co_return Error(ErrorKind::conflict,
                    fmt::format("this server has system identifier {}, the database was on {}; nothing was changed",
                                rows.text(0, 0), system_identifier),
                    "see whether the server's address in the fleet file now leads to another server");
  const Value there = rows.rows[0][1];
  const Value called = rows.rows[0][2];
  if (!there && called)
    co_return Error(ErrorKind::conflict, fmt::format("it is called \"{}\" now; nothing was changed", *called),
                    "find out who renamed it and why");
  if (!there) co_return Result<void>();
  if (*there != std::to_string(oid))
    co_return Error(ErrorKind::conflict,
                    fmt::format("another database, with oid {}, has that name; nothing was changed", *there),
                    "find out who made it");
  std::vector<Value> none;
  std::string drop = "DROP DATABASE " + quote_identifier(name);
  if (maintenance.server_version() >= 130000) {
    drop += " WITH (FORCE)";
  } else {
    std::vector<Value> database{name};
    CO_TRY_VOID(co_await maintenance.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
                                           database));
  }
  CO_TRY_VOID(co_await maintenance.query(drop, none, kDatabaseLimit));
  co_return Result<void>();
}

}  // namespace pgconvoy::shared_server
