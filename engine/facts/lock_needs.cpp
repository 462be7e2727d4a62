#include "engine/facts/lock_needs.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(LockRoomFact, locks, max_locks_per_transaction, processes)

std::string lock_needs_sql(int) {
  return R"sql((
  select to_json(count(*)) from pg_class c
   where c.oid >= 16384 and c.relkind in ('r', 'p', 'v', 'm', 'S') and c.relpersistence <> 't'
     and not exists (select 1 from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')))sql";
}

std::string lock_room_sql(int) {
  return R"sql((
  select json_build_object('locks', each * processes, 'max_locks_per_transaction', each, 'processes', processes)
    from (select max(setting::bigint) filter (where name = 'max_locks_per_transaction') as each,
                 sum(setting::bigint) filter (where name <> 'max_locks_per_transaction') + 1 as processes
            from pg_settings
           where name in ('max_locks_per_transaction', 'max_connections', 'autovacuum_max_workers', 'max_worker_processes',
                          'max_wal_senders', 'max_prepared_transactions')) s))sql";
}

}  // namespace pgconvoy
