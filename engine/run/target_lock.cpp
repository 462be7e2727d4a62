// Whose a target is: one process at a time, whatever journal it uses. An advisory lock in the maintenance database
// of the source server says so, and what a lower epoch left running is ended before anything is done.
#include <fmt/format.h>
#include <unistd.h>

#include <set>

#include "engine/run/target_runner.hpp"

namespace pgconvoy {
namespace {

// "pgcv" in the upper half, the database's oid in the lower: one lock per database of a server.
constexpr std::int64_t kLockSpace = 0x70676376LL << 32;
// "pgcp", and the process id in the lower half: whose session it is. Shared, since a process has many of them.
constexpr std::int64_t kProcessSpace = 0x70676370LL << 32;

std::string holder_query() {
  return "select a.application_name, a.pid::text, coalesce(host(a.client_addr), 'the server''s own host'), "
         "to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), "
         "(select p.objid::bigint::text from pg_locks p where p.pid = l.pid and p.locktype = 'advisory' and p.objsubid = 1 "
         " and p.classid::bigint = $3 limit 1) "
         "from pg_locks l join pg_stat_activity a on a.pid = l.pid "
         "where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.classid::bigint = $1 and l.objid::bigint = $2";
}

// "pgconvoy/k3x9aq-r7/t42/e3 (process 4711 on 10.0.0.7, its backend 815, since 2026-11-29 22:10:03 UTC)"
std::string holder_in(const Rows& rows) {
  const std::string process = rows.text(0, 4);
  return fmt::format("{} ({} on {}, its backend {}, since {} UTC)", rows.text(0, 0), process.empty() ? "a process" : "process " + process,
                     rows.text(0, 2), rows.text(0, 1), rows.text(0, 3));
}

}  // namespace

Task<std::optional<Error>> TargetRunner::take_over() {
  std::set<std::string> servers;
  for (const auto& [instance, placement] : work_.planned.placements) {
    servers.insert(placement.source_server);
    servers.insert(placement.target_server);
  }
  if (work_.record.epoch > 1)
    for (const std::string& server : servers)
      if (auto error = co_await end_lower_epochs(server)) co_return error;
  co_return co_await lock_instances();
}

// Backends of earlier holders carry their epoch in application_name: pgconvoy/<journal>-r7/t42/e3.
Task<std::optional<Error>> TargetRunner::end_lower_epochs(std::string server_id) {
  StepContext context(setup_.services, work_, work_.planned.steps.front(), 0, [](Progress) {});
  auto session = co_await context.maintenance(server_id);
  if (!session) co_return session.error();
  const std::string own = context.application_name();
  const std::string prefix = own.substr(0, own.rfind("/e") + 2);
  const std::string sql =
      "select pid, pg_terminate_backend(pid) from pg_stat_activity "
      "where left(application_name, length($1)) = $1 and pid <> pg_backend_pid() "
      "and case when substr(application_name, length($1) + 1) ~ '^[0-9]{1,9}$' "
      "then substr(application_name, length($1) + 1)::int < $2::int else false end";
  for (int n = 0; n < 50; ++n) {
    std::vector<Value> parameters{prefix, std::to_string(work_.record.epoch)};
    auto rows = co_await (*session)->query(sql, parameters);
    if (!rows) co_return rows.error();
    if (rows->empty()) co_return std::nullopt;
    co_await sleep_for(Seconds(0.1));
  }
  co_return Error(ErrorKind::timeout, "sessions of an earlier attempt at this target don't end",
                  "look at pg_stat_activity for application_name " + prefix + "*").on(server_id);
}

Task<std::optional<Error>> TargetRunner::lock_instances() {
  StepContext context(setup_.services, work_, work_.planned.steps.front(), 0, [](Progress) {});
  std::map<std::string, std::vector<std::int64_t>> wanted;
  for (const std::string& id : work_.planned.target.instances) {
    auto fence = context.intent_of("fence_source", id);
    auto known = work_.facts.databases.find(id);
    std::int64_t oid = known == work_.facts.databases.end() ? 0 : known->second.oid;
    if (fence.is_object()) oid = fence.value("oid", oid);
    if (oid == 0) {
      // Nothing was read yet: ask for the oid by name.
      auto session = co_await context.maintenance(work_.planned.placements.at(id).source_server);
      if (!session) co_return session.error();
      std::vector<Value> parameters{work_.plan.fleet.instances.at(id).database};
      auto rows = co_await (*session)->query("select oid::bigint from pg_database where datname = $1", parameters);
      if (!rows) co_return rows.error();
      if (rows->empty())
        co_return Error(ErrorKind::not_found,
                        fmt::format("database \"{}\" of instance {} does not exist any more",
                                    work_.plan.fleet.instances.at(id).database, id),
                        "nothing was changed; run pgconvoy plan again")
            .on(work_.planned.placements.at(id).source_server);
      oid = rows->number(0, 0);
    }
    wanted[work_.planned.placements.at(id).source_server].push_back(oid);
  }
  for (const auto& [server, oids] : wanted) {
    auto session = co_await context.maintenance(server);
    if (!session) co_return session.error();
    std::vector<Value> ourselves{std::to_string(kProcessSpace | getpid())};
    auto told = co_await (*session)->query("select pg_try_advisory_lock_shared($1::bigint)", ourselves);
    if (!told) co_return told.error();
    for (std::int64_t oid : oids) {
      std::vector<Value> key{std::to_string(kLockSpace | oid)};
      auto locked = co_await (*session)->query("select pg_try_advisory_lock($1::bigint)", key);
      if (!locked) co_return locked.error();
      if (locked->truth(0, 0)) continue;
      std::vector<Value> parts{std::to_string(kLockSpace >> 32), std::to_string(oid), std::to_string(kProcessSpace >> 32)};
      auto holder = co_await (*session)->query(holder_query(), parts);
      std::string who = "another session";
      if (holder && !holder->empty()) who = holder_in(*holder);
      co_return Error(ErrorKind::refused, fmt::format("another run is working on this target: {}", who),
                      "nothing was changed by this one; wait for the other run or stop it first")
          .on(server);
    }
    work_.locked_by[server] = (*session)->backend_pid();
  }
  co_return std::nullopt;
}

// The lock lives as long as its session: when that was lost, it is taken again, and refused when another
// process was quicker.
Task<std::optional<Error>> TargetRunner::still_ours() {
  if (setup_.lost)
    if (auto gone = setup_.lost()) co_return gone;
  bool lost = false;
  for (const auto& [server, pid] : work_.locked_by) {
    auto found = work_.maintenance.find(server);
    if (found == work_.maintenance.end() || !found->second->usable() || found->second->backend_pid() != pid) lost = true;
  }
  if (!lost) co_return std::nullopt;
  std::optional<Error> error;
  for (int n = 0; n < 10; ++n) {
    error = co_await lock_instances();
    if (!error || error->kind == ErrorKind::refused || error->kind == ErrorKind::cancelled) co_return error;
    co_await sleep_for(Seconds(0.3 * (n + 1)));
  }
  co_return error;
}

}  // namespace pgconvoy
