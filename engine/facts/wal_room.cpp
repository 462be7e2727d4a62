#include "engine/facts/wal_room.hpp"

#include <fmt/format.h>

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(HeldSlot, name, kind, database, active, held_bytes, lost)
PGCONVOY_JSON_FIELDS(WalRoomFact, max_wal_bytes, keep_bytes, slot_limit_bytes, archiver_fails, slots, synchronous_names, commits_wait, synchronous, sees_standbys)

std::string wal_room_sql(int version) {
  // A standby has no position to write at: where it has come to is what its own slots are measured from.
  return fmt::format(R"sql((
  with place(lsn) as materialized (
    select case when pg_is_in_recovery() then coalesce(pg_last_wal_replay_lsn(), '0/0') else pg_current_wal_lsn() end),
  said as materialized (
    select name, setting, case unit when 'MB' then 1048576 when 'kB' then 1024 when '8kB' then 8192 when 'B' then 1 end as unit from pg_settings)
  select json_build_object(
    'max_wal_bytes', coalesce((select setting::bigint * unit from said where name = 'max_wal_size'), 0),
    'keep_bytes', coalesce((select case name when 'wal_keep_segments' then setting::bigint * (select setting::bigint * coalesce(unit, 1) from said where name = 'wal_segment_size')
                                             else setting::bigint * unit end
                              from said where name in ('wal_keep_size', 'wal_keep_segments')), 0),
    'slot_limit_bytes', coalesce((select case when setting::bigint < 0 then -1 else setting::bigint * unit end from said where name = 'max_slot_wal_keep_size'), -1),
    'archiver_fails', coalesce((select setting <> 'off' from said where name = 'archive_mode'), false)
      and coalesce((select last_failed_time > coalesce(last_archived_time, '-infinity') from pg_stat_archiver), false),
    'slots', coalesce((select json_agg(json_build_object('name', quote_ident(s.slot_name), 'kind', s.slot_type, 'database', coalesce(s.database, ''),
                                                         'active', s.active, 'held_bytes', s.held, 'lost', s.lost)) from (
      select r.slot_name, r.slot_type, r.database, r.active, {} as lost,
             case when r.restart_lsn is null then -1 else greatest(pg_wal_lsn_diff(p.lsn, r.restart_lsn), 0)::bigint end as held
        from pg_replication_slots r, place p where not r.temporary order by held desc, 1 limit 50) s), '[]'),
    'synchronous_names', coalesce((select setting from said where name = 'synchronous_standby_names'), ''),
    'commits_wait', coalesce((select setting <> '' from said where name = 'synchronous_standby_names'), false)
      and coalesce((select setting not in ('off', 'local') from said where name = 'synchronous_commit'), false),
    'synchronous', (select count(*) from pg_stat_replication where sync_state in ('sync', 'quorum')),
    'sees_standbys', pg_has_role('pg_read_all_stats', 'usage') or (select rolsuper from pg_roles where rolname = current_user))))sql",
                     version >= 130000 ? "coalesce(r.wal_status = 'lost', false)" : "false");
}

}  // namespace pgconvoy
