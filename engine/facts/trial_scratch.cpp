#include "engine/facts/trial_scratch.hpp"

#include <fmt/format.h>

#include "engine/postgres/new_database.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kPattern = "^pgconvoy_trial_[a-z0-9]{10}$";
constexpr const char* kKey = "hashtextextended('pgconvoy trial ' || $1, 0)";

Task<Result<bool>> lock_name(Session& maintenance, std::string name) {
  std::string sql = fmt::format("select pg_try_advisory_lock({})", kKey);
  std::vector<Value> parameters{std::move(name)};
  CO_TRY(const Rows rows, co_await maintenance.query(std::move(sql), std::move(parameters)));
  co_return rows.truth(0, 0);
}

Task<Result<void>> unlock_name(Session& maintenance, std::string name) {
  std::string sql = fmt::format("select pg_advisory_unlock({})", kKey);
  std::vector<Value> parameters{std::move(name)};
  CO_TRY_VOID(co_await maintenance.query(std::move(sql), std::move(parameters)));
  co_return Result<void>();
}

Task<Result<void>> drop(Session& maintenance, std::string name) {
  const std::string quoted = maintenance.quote_identifier(name);
  std::string database = fmt::format("drop database if exists {}{}", quoted, maintenance.server_version() >= 130000 ? " with (force)" : "");
  CO_TRY_VOID(co_await maintenance.query(std::move(database)));
  std::string role = fmt::format("drop role if exists {}", quoted);
  CO_TRY_VOID(co_await maintenance.query(std::move(role)));
  co_return Result<void>();
}

}  // namespace

Scratch name_scratch() { return {"pgconvoy_trial_" + random_token(10), random_secret()}; }

constexpr const char* kScratches =
    "select datname::text from pg_database where datname::text ~ $1 union select rolname::text from pg_roles where rolname::text ~ $1 order by 1";

Task<Result<std::vector<std::string>>> trial_leftovers(Session& maintenance) {
  std::vector<Value> parameters{std::string(kPattern)};
  CO_TRY(const Rows rows, co_await maintenance.query(kScratches, std::move(parameters)));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string name = rows.text(i, 0);
    CO_TRY(const bool nobodys, co_await lock_name(maintenance, name));
    if (!nobodys) continue;
    CO_TRY_VOID(co_await unlock_name(maintenance, name));
    names.push_back(std::move(name));
  }
  co_return names;
}

Task<Result<void>> remove_trial_leftovers(Session& maintenance) {
  std::vector<Value> parameters{std::string(kPattern)};
  CO_TRY(const Rows rows, co_await maintenance.query(kScratches, std::move(parameters)));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string name = rows.text(i, 0);
    CO_TRY(const bool ours, co_await lock_name(maintenance, name));
    if (!ours) continue;
    auto gone = co_await drop(maintenance, name);
    CO_TRY_VOID(co_await unlock_name(maintenance, name));
    if (!gone) co_return std::move(gone).error().within(fmt::format("what an earlier trial left ({}) can't be removed", name));
  }
  co_return Result<void>();
}

Task<Result<void>> make_scratch(Session& maintenance, Scratch scratch, DatabaseFacts like) {
  CO_TRY(const bool ours, co_await lock_name(maintenance, scratch.name));
  if (!ours) co_return Error(ErrorKind::conflict, scratch.name + " is somebody else's");
  CO_TRY(const Secret verifier, maintenance.encrypt_password(scratch.password, scratch.name));
  const std::string role = maintenance.quote_identifier(scratch.name);
  // The grant is for an administrator who is no superuser: he acts for the role.
  std::string sql = fmt::format("create role {} login connection limit 4 password {}", role, maintenance.quote_literal(verifier.reveal()));
  auto made = co_await maintenance.script(std::move(sql));
  if (!made) {
    Error error = std::move(made).error();
    error.statement = "create role " + role;
    co_return error;
  }
  std::string grant = fmt::format("do $$ begin if not (select rolsuper from pg_roles where rolname = current_user) then "
                                  "execute 'grant {} to current_user'; end if; end $$", role);
  CO_TRY_VOID(co_await maintenance.script(std::move(grant)));
  const NewDatabase wanted{scratch.name, scratch.name, like.encoding, like.collate, like.ctype, like.locale_provider, like.provider_locale};
  std::string create = create_database_sql(maintenance.server_version(), wanted);
  CO_TRY_VOID(co_await maintenance.query(std::move(create)));
  const std::string database = maintenance.quote_identifier(scratch.name);
  std::string open_it = fmt::format("revoke connect, temporary on database {0} from public; alter database {0} allow_connections true", database);
  CO_TRY_VOID(co_await maintenance.script(std::move(open_it)));
  co_return Result<void>();
}

Task<Result<void>> remove_scratch(Session& maintenance, std::string name) {
  CO_TRY_VOID(co_await drop(maintenance, name));
  co_return co_await unlock_name(maintenance, name);
}

Task<Result<void>> hand_over(Session& inside, std::string role) {
  std::vector<Value> parameters{role};
  CO_TRY(const Rows rows, co_await inside.query(
                              "with theirs as (select classid, objid from pg_depend where deptype = 'e') "
                              "select format('alter schema %I owner to %I', nspname, $1::text) from pg_namespace n "
                              " where (oid >= 16384 or nspname = 'public') and nspname !~ '^pg_' "
                              "   and pg_get_userbyid(nspowner) not in ($1::text, 'pg_database_owner') "
                              "   and ('pg_namespace'::regclass, n.oid) not in (select classid, objid from theirs) "
                              "union all "
                              "select format('alter table %s owner to %I', c.oid::regclass, $1::text) from pg_class c "
                              " where c.oid >= 16384 and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and pg_get_userbyid(c.relowner) <> $1::text "
                              "   and c.relnamespace not in (select oid from pg_namespace where nspname ~ '^pg_') "
                              "   and ('pg_class'::regclass, c.oid) not in (select classid, objid from theirs) "
                              "   and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid "
                              "                    and d.refclassid = 'pg_class'::regclass and c.relkind = 'S' and d.deptype in ('a', 'i'))",
                              std::move(parameters)));
  std::string script;
  for (std::size_t i = 0; i < rows.size(); ++i) script += rows.text(i, 0) + ";\n";
  if (!script.empty()) CO_TRY_VOID(co_await inside.script(std::move(script)));
  co_return Result<void>();
}

}  // namespace pgconvoy
