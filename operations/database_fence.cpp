#include "operations/database_fence.hpp"

#include <fmt/format.h>

#include "operations/database_owner.hpp"

namespace pgconvoy {
namespace {

// Backends in the database, those included that only its lock shows because they are still starting.
constexpr const char* kBackends =
    "select a.pid, a.xact_start is not null, coalesce(a.usename::text, a.backend_type), "
    "       coalesce(nullif(a.application_name, ''), a.backend_type) "
    "from pg_stat_activity a "
    "where a.pid <> pg_backend_pid() and (a.datid = $1::oid or a.pid in "
    "  (select l.pid from pg_locks l where l.locktype = 'object' and l.classid = 'pg_database'::regclass "
    "   and l.objid = $1::oid and l.pid is not null))";

// Who is no superuser may end neither a superuser's session nor a background process, and is refused all of them when one
// is asked for: those are left out (the rename ends autovacuum workers by itself).
constexpr const char* kTerminate =
    "select p.pid, pg_terminate_backend(p.pid) from (select pid from pg_stat_activity where datid = $1::oid "
    "union select pid from pg_locks where locktype = 'object' and classid = 'pg_database'::regclass and objid = $1::oid) p "
    "left join pg_stat_activity a on a.pid = p.pid left join pg_roles r on r.oid = a.usesysid, pg_roles me "
    "where me.rolname = current_user and p.pid <> pg_backend_pid() and (me.rolsuper or not r.rolsuper)";

// Of superusers, which we may not end.
constexpr const char* kBeyondUs =
    "select 1 from pg_stat_activity a join pg_roles r on r.oid = a.usesysid, pg_roles me where a.datid = $1::oid "
    "and a.pid <> pg_backend_pid() and r.rolsuper and me.rolname = current_user and not me.rolsuper limit 1";

// How long a superuser who stays is waited for.
constexpr Seconds kPatienceWithSuperusers{5};

Task<Result<void>> allow_connections(Session& maintenance, std::string name, bool allow) {
  std::string sql = fmt::format("alter database {} allow_connections {}", maintenance.quote_identifier(name), allow);
  co_return co_await change_database(maintenance, std::move(sql));
}

// Idle sessions lose nothing when they end; open transactions get the time that the order gives them.
Task<Result<double>> drain(Session& maintenance, const FenceOrder& order) {
  const auto started = std::chrono::steady_clock::now();
  for (Seconds pause{0.02};; pause = std::min(pause * 2, Seconds(0.5))) {
    std::vector<Value> parameters{std::to_string(order.oid)};
    CO_TRY(Rows rows, co_await maintenance.query(kBackends, parameters));
    bool busy = false;
    for (std::size_t i = 0; i < rows.size(); ++i) busy |= rows.truth(i, 1);
    const Seconds waited = std::chrono::steady_clock::now() - started;
    if (!busy || waited >= order.drain) co_return waited.count();
    co_await sleep_for(pause);
  }
}

Task<std::string> who_stays(Session& maintenance, std::int64_t oid) {
  std::vector<Value> parameters{std::to_string(oid)};
  auto rows = co_await maintenance.query(kBackends, parameters);
  std::string text;
  for (std::size_t i = 0; rows && i < rows->size() && i < 5; ++i)
    text += fmt::format("{}backend {} of {} ({})", i ? ", " : "", rows->text(i, 0), rows->text(i, 2), rows->text(i, 3));
  std::vector<Value> again{std::to_string(oid)};
  auto prepared = co_await maintenance.query(
      "select gid from pg_prepared_xacts x join pg_database d on d.datname = x.database where d.oid = $1::oid", again);
  for (std::size_t i = 0; prepared && i < prepared->size() && i < 5; ++i)
    text += fmt::format("{}prepared transaction {}", text.empty() ? "" : ", ", prepared->text(i, 0));
  co_return text.empty() ? "somebody who came and went" : text;
}

}  // namespace

Task<Result<std::optional<std::string>>> name_of_database(Session& maintenance, std::int64_t oid) {
  std::vector<Value> parameters{std::to_string(oid)};
  CO_TRY(Rows rows, co_await maintenance.query("select datname from pg_database where oid = $1::oid", parameters));
  if (rows.empty()) co_return std::optional<std::string>();
  co_return std::optional<std::string>(rows.text(0, 0));
}

Task<Result<FenceResult>> fence_database(Session& maintenance, FenceOrder order) {
  FenceResult result;
  CO_TRY(auto name, co_await name_of_database(maintenance, order.oid));
  if (!name)
    co_return Error(ErrorKind::not_found, fmt::format("no database has oid {} any more (it was \"{}\")", order.oid, order.from))
        .on(maintenance.server());
  if (*name == order.to) {
    if (order.take_over) CO_TRY_VOID(co_await take_over_database(maintenance, order.to));
    CO_TRY_VOID(co_await allow_connections(maintenance, order.to, order.reachable_afterwards));
    co_return result;
  }
  if (*name != order.from)
    co_return Error(ErrorKind::conflict,
                    fmt::format("the database with oid {} is called \"{}\", expected was \"{}\"", order.oid, *name, order.from))
        .on(maintenance.server());

  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::duration_cast<std::chrono::steady_clock::duration>(order.drain + order.limit);
  const auto patience = std::min(deadline, std::chrono::steady_clock::now() +
                                               std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                   order.drain + kPatienceWithSuperusers));
  CO_TRY_VOID(co_await allow_connections(maintenance, order.from, false));
  CO_TRY(result.drained_seconds, co_await drain(maintenance, order));
  // Not before: open transactions may need what only the owner may do. Whom an owner let in meanwhile is ended below.
  if (order.take_over) CO_TRY_VOID(co_await take_over_database(maintenance, order.from));
  const std::string rename = fmt::format("alter database {} rename to {}", maintenance.quote_identifier(order.from),
                                         maintenance.quote_identifier(order.to));
  for (Seconds pause{0.02};; pause = std::min(pause * 2, Seconds(1))) {
    std::vector<Value> parameters{std::to_string(order.oid)};
    auto ended = co_await maintenance.query(kTerminate, parameters);
    if (ended)
      result.terminated += static_cast<int>(ended->size());
    else if (ended.error().sqlstate != "42501")  // who became a superuser meanwhile: the rename will tell
      co_return std::move(ended).error();
    // A terminated backend needs a moment; the rename itself waits up to 5 s for the last ones.
    auto renamed = co_await maintenance.script(rename, Seconds(20));
    if (renamed) break;
    if (renamed.error().sqlstate != "55006") co_return renamed.error();
    CO_TRY(Rows beyond, co_await maintenance.query(kBeyondUs, parameters));
    if (std::chrono::steady_clock::now() >= deadline || (!beyond.empty() && std::chrono::steady_clock::now() >= patience)) {
      const std::string left = co_await who_stays(maintenance, order.oid);
      co_return Error(ErrorKind::timeout, fmt::format("\"{}\" can't be fenced, still in it: {}", order.from, left),
                      beyond.empty() ? "end what holds it (a prepared transaction: COMMIT or ROLLBACK PREPARED)"
                                     : "our administrator may not end a superuser's session: have it ended, then try again")
          .on(maintenance.server());
    }
    co_await sleep_for(pause);
  }
  CO_TRY_VOID(co_await allow_connections(maintenance, order.to, order.reachable_afterwards));
  co_return result;
}

}  // namespace pgconvoy
