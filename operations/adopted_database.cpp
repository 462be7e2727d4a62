#include "operations/adopted_database.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/facts/adoption.hpp"
#include "engine/facts/gather.hpp"
#include "operations/database_fence.hpp"
#include "operations/database_properties.hpp"
#include "operations/subscriptions.hpp"

namespace pgconvoy {
namespace {

Task<Result<DatabaseFacts>> objects_of(StepContext& context, std::string server, std::string database, DatabaseFacts facts) {
  SessionOptions options;
  options.application_name = context.application_name();
  options.settings = {{"default_transaction_read_only", "on"}};
  CO_TRY(auto inside, co_await context.open(server, database, options));
  CO_TRY(auto complete, co_await gather_objects(*inside, facts));
  inside->close();
  co_return complete;
}

std::string comment_sql(const Session& maintenance, const std::string& name, const std::string& comment) {
  return fmt::format("comment on database {} is {};\n", maintenance.quote_identifier(name),
                     comment.empty() ? "null" : maintenance.quote_literal(comment));
}

// Settings of the database and of roles in it are gone afterwards. REQUIRES: the database is called `name`.
Task<Result<std::string>> reset_sql(Session& maintenance, std::string name) {
  std::vector<Value> parameters{name};
  CO_TRY(Rows rows, co_await maintenance.query(
                        "select distinct quote_ident(pg_get_userbyid(s.setrole)) from pg_db_role_setting s "
                        "join pg_database d on d.oid = s.setdatabase where d.datname = $1 and s.setrole <> 0",
                        parameters));
  const std::string database = maintenance.quote_identifier(name);
  std::string sql = fmt::format("alter database {} reset all;\n", database);
  for (std::size_t i = 0; i < rows.size(); ++i)
    sql += fmt::format("alter role {} in database {} reset all;\n", rows.text(i, 0), database);
  co_return sql;
}

// As create_database leaves a new one, and closed to others whom somebody let in.
Task<Result<void>> make_plain(StepContext& context, Session& maintenance, ReprovisionIntent intent) {
  const std::string database = maintenance.quote_identifier(intent.temporary_name);
  CO_TRY(std::string sql, co_await reset_sql(maintenance, intent.temporary_name));
  sql += fmt::format("alter database {} connection limit -1;\nrevoke connect, temporary on database {} from public;\n",
                     database, database);
  std::vector<Value> parameters{intent.temporary_name};
  CO_TRY(Rows granted, co_await maintenance.query(
                           "select distinct quote_ident(r.rolname) from pg_database d, aclexplode(d.datacl) a "
                           "join pg_roles r on r.oid = a.grantee where d.datname = $1 and a.grantee <> d.datdba",
                           parameters));
  for (std::size_t i = 0; i < granted.size(); ++i)
    sql += fmt::format("revoke all on database {} from {} cascade;\n", database, granted.text(i, 0));
  sql += fmt::format("grant all on database {} to {};\n", database, maintenance.quote_identifier(intent.owner));
  sql += comment_sql(maintenance, intent.temporary_name, context.database_facts(context.instance().id).comment);
  std::string whole = "begin;\n" + sql + "commit;\n";
  auto done = co_await maintenance.script(whole);
  if (done) co_return Result<void>();
  auto back = co_await maintenance.script("rollback");
  co_return std::move(done).error().within(fmt::format("\"{}\" can't be adopted", intent.final_name));
}

Task<Result<void>> give_properties_back(Session& maintenance, std::string name, DatabaseFacts facts) {
  CO_TRY(std::string sql, co_await reset_sql(maintenance, name));
  sql += comment_sql(maintenance, name, facts.comment);
  auto done = co_await maintenance.script(sql);
  if (!done) co_return done.error();
  co_return co_await apply_database_properties(maintenance, name, facts);
}

Task<Result<void>> rename_back(Session& maintenance, ReprovisionIntent intent, std::int64_t oid) {
  FenceOrder order;
  order.oid = oid;
  order.from = intent.temporary_name;
  order.to = intent.final_name;
  order.drain = Seconds(0);
  CO_TRY_VOID(co_await fence_database(maintenance, order));
  co_return Result<void>();
}

Task<Result<std::int64_t>> oid_of(Session& maintenance, std::string name) {
  std::vector<Value> parameters{name};
  CO_TRY(Rows rows, co_await maintenance.query("select oid::bigint from pg_database where datname = $1", parameters));
  co_return rows.empty() ? 0 : rows.number(0, 0);
}

// It was filled and is gone. Its own name comes last: who has that name is complete.
Task<Result<std::string>> make_anew(StepContext& context, Session& maintenance, ReprovisionIntent intent, DatabaseFacts facts) {
  Provisioner& provisioner = context.provisioner(intent.server);
  CO_TRY(const std::int64_t complete, co_await oid_of(maintenance, intent.final_name));
  if (complete != 0) co_return std::string("the database that was adopted is there again, empty");
  CO_TRY(const std::int64_t half_made, co_await oid_of(maintenance, intent.temporary_name));
  if (half_made != 0)
    CO_TRY_VOID(co_await provisioner.drop_database(context.identity(), maintenance, intent.temporary_name, half_made,
                                                   intent.system_identifier));
  DatabaseOrder order;
  order.name = intent.temporary_name;
  order.owner = facts.owner;
  order.encoding = facts.encoding;
  order.collate = facts.collate;
  order.ctype = facts.ctype;
  order.locale_provider = facts.locale_provider;
  order.provider_locale = facts.provider_locale;
  CO_TRY(const std::int64_t oid, co_await provisioner.create_database(context.identity(), maintenance, order));
  CO_TRY_VOID(co_await give_properties_back(maintenance, intent.temporary_name, facts));
  CO_TRY_VOID(co_await rename_back(maintenance, intent, oid));
  std::string lost;
  for (const ExtensionFact& extension : facts.extensions)
    if (extension.name != "plpgsql") lost += (lost.empty() ? "; without its extensions " : ", ") + extension.name;
  co_return fmt::format("the adopted database held what was restored: it was dropped and made anew, empty, with oid {}{}", oid,
                        lost);
}

Task<Result<void>> must_be_the_server(Session& maintenance, ReprovisionIntent intent) {
  CO_TRY(Rows rows, co_await maintenance.query("select system_identifier::text from pg_control_system()"));
  if (rows.text(0, 0) == intent.system_identifier) co_return Result<void>();
  co_return Error(ErrorKind::conflict,
                  fmt::format("this server has system identifier {}, the adopted database was on {}; nothing was changed",
                              rows.text(0, 0), intent.system_identifier),
                  "see whether the server's address in the fleet file now leads to another server")
      .on(maintenance.server());
}

}  // namespace

Task<Result<DatabaseFacts>> find_adoptable(StepContext& context, std::string server) {
  const Instance& instance = context.instance();
  CO_TRY(Session * maintenance, co_await context.maintenance(server));
  std::vector<Instance> wanted{instance};
  CO_TRY(auto found, co_await gather_databases(*maintenance, wanted));
  DatabaseFacts there = found.at(instance.id);
  there.server = server;
  if (there.exists && there.allows_connections) {
    DatabaseFacts outside = there;
    CO_TRY(there, co_await objects_of(context, server, instance.database, outside));
  }
  const auto obstacles = obstacles_to_adoption(context.database_facts(instance.id), there);
  if (there.exists && obstacles.empty()) co_return there;
  co_return Error(ErrorKind::refused,
                  fmt::format("the target server's database \"{}\" can't be adopted: {}", instance.database,
                              there.exists ? fmt::format("{}", fmt::join(obstacles, ", ")) : "it is gone"),
                  "nothing was changed; mend it, rename it, or take the instance out of the run")
      .on(server);
}

Task<Result<void>> adopt_database(StepContext& context, ReprovisionIntent intent) {
  CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
  CO_TRY_VOID(co_await must_be_the_server(*maintenance, intent));
  FenceOrder order;
  order.oid = intent.adopted_oid;
  order.from = intent.final_name;
  order.to = intent.temporary_name;
  order.drain = Seconds(0);
  CO_TRY_VOID(co_await fence_database(*maintenance, order));
  CO_TRY_VOID(co_await make_plain(context, *maintenance, intent));
  DatabaseFacts before = intent.adopted.get<DatabaseFacts>();
  CO_TRY(const DatabaseFacts now, co_await objects_of(context, intent.server, intent.temporary_name, before));
  if (now.objects == 0) co_return Result<void>();
  co_return Error(ErrorKind::conflict,
                  fmt::format("the target server's database \"{}\" was empty and is not any more: somebody put {} objects "
                              "into it a moment ago",
                              intent.final_name, now.objects),
                  "it is given back with them; find out who uses it")
      .on(intent.server);
}

Task<Result<std::string>> give_back_database(StepContext& context, ReprovisionIntent intent, bool complete) {
  CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
  CO_TRY_VOID(co_await must_be_the_server(*maintenance, intent));
  const DatabaseFacts facts = intent.adopted.get<DatabaseFacts>();
  CO_TRY(auto name, co_await name_of_database(*maintenance, intent.adopted_oid));
  if (!name) {
    if (!complete) co_return std::string("the adopted database is gone, and not by us");
    co_return co_await make_anew(context, *maintenance, intent, facts);
  }
  // Under its own name: not taken yet, or given back. The fence may have closed it.
  if (*name == intent.final_name) {
    CO_TRY_VOID(co_await rename_back(*maintenance, intent, intent.adopted_oid));
    co_return std::string("the database that was made beforehand has its own name");
  }
  if (*name != intent.temporary_name)
    co_return Error(ErrorKind::conflict,
                    fmt::format("the adopted database \"{}\" (oid {}) is called \"{}\" now; nothing was changed",
                                intent.final_name, intent.adopted_oid, *name),
                    "find out who renamed it and why")
        .on(intent.server);
  if (complete) {
    DatabaseFacts before = facts;
    CO_TRY(const DatabaseFacts now, co_await objects_of(context, intent.server, intent.temporary_name, before));
    if (now.objects > 0) {
      CO_TRY(ConnectionSpec inside, co_await context.administrator(intent.server, intent.temporary_name));
      ForgetOrder forget{intent.temporary_name, intent.adopted_oid, context.application_name()};
      CO_TRY_VOID(co_await forget_subscriptions(context.services.sessions, std::move(inside), *maintenance, std::move(forget)));
      CO_TRY_VOID(co_await context.provisioner(intent.server)
                      .drop_database(context.identity(), *maintenance, intent.temporary_name, intent.adopted_oid,
                                     intent.system_identifier));
      co_return co_await make_anew(context, *maintenance, intent, facts);
    }
  }
  CO_TRY_VOID(co_await give_properties_back(*maintenance, intent.temporary_name, facts));
  CO_TRY_VOID(co_await rename_back(*maintenance, intent, intent.adopted_oid));
  co_return std::string("the adopted database is empty and has its own name and properties again");
}

}  // namespace pgconvoy
