// Settings that were renamed, removed or got another default. Sources: the release notes of PostgreSQL 10 to 17, each
// entry from the section "Migration to Version" or "Server Configuration" of the version that it names.
#include "engine/facts/parity.hpp"

namespace pgconvoy {
namespace {

constexpr SettingHistory kGone[] = {
    {"min_parallel_relation_size", 10, "", "replaced by min_parallel_table_scan_size and min_parallel_index_scan_size"},
    {"sql_inheritance", 10, "", "child tables are always included; write ONLY where they are not meant"},
    {"replacement_sort_tuples", 11, "", "sorts no longer use replacement selection"},
    {"default_with_oids", 12, "", "tables have no hidden oid column any more"},
    {"wal_keep_segments", 13, "wal_keep_size", "a size now, not a number of segments"},
    {"operator_precedence_warning", 14, "", "it only warned of the changes of 9.5"},
    {"vacuum_cleanup_index_scale_factor", 14, "", "it had no effect since 13.3"},
    {"stats_temp_directory", 15, "", "statistics are kept in shared memory"},
    {"force_parallel_mode", 16, "debug_parallel_query", "the same under a clearer name"},
    {"promote_trigger_file", 16, "", "use pg_ctl promote or pg_promote()"},
    {"vacuum_defer_cleanup_age", 16, "", "hot_standby_feedback and replication slots do better what it was for"},
    {"lc_collate", 16, "", "a property of each database"},
    {"lc_ctype", 16, "", "a property of each database"},
    {"db_user_namespace", 17, "", "roles can't belong to one database any more"},
    {"old_snapshot_threshold", 17, "", "use idle_in_transaction_session_timeout and transaction_timeout"},
    {"trace_recovery_messages", 17, "", "of no use any more"},
};

constexpr SettingHistory kDefaults[] = {
    {"wal_level", 10, "", "replication works without further set-up"},
    {"max_wal_senders", 10, "", "replication works without further set-up"},
    {"max_replication_slots", 10, "", "replication works without further set-up"},
    {"hot_standby", 10, "", "replication works without further set-up"},
    {"max_parallel_workers_per_gather", 10, "", "queries run in parallel by default"},
    {"password_encryption", 14, "", "verifiers are made as scram-sha-256; clients older than libpq 10 can't log in with them"},
    {"jit", 12, "", "expensive queries are compiled; short plans with wrong estimates may get slower"},
    {"extra_float_digits", 12, "", "floating-point numbers are written in the shortest exact form"},
    {"recovery_target_timeline", 12, "", "recovery follows the latest timeline"},
    {"autovacuum_vacuum_cost_delay", 12, "", "autovacuum works ten times faster"},
    {"ssl_min_protocol_version", 13, "", "clients that speak only TLS 1.0 or 1.1 are refused"},
    {"effective_io_concurrency", 13, "", "its meaning changed: the value is the number of requests itself"},
    {"checkpoint_completion_target", 14, "", "checkpoints are spread over more of their interval"},
    {"vacuum_cost_page_miss", 14, "", "reading a page counts less"},
    {"log_checkpoints", 15, "", "every checkpoint is logged"},
    {"log_autovacuum_min_duration", 15, "", "an autovacuum of ten minutes or more is logged"},
    {"hash_mem_multiplier", 15, "", "hash joins and aggregates may use twice as much memory as work_mem says"},
    {"vacuum_buffer_usage_limit", 17, "", "VACUUM uses a larger ring of buffers"},
};

template <std::size_t Size>
const SettingHistory* find_in(const SettingHistory (&table)[Size], std::string_view name, int old_major, int new_major) {
  for (const SettingHistory& entry : table)
    if (entry.name == name && old_major < entry.version && entry.version <= new_major) return &entry;
  return nullptr;
}

}  // namespace

const SettingHistory* gone_setting(std::string_view name, int old_major, int new_major) {
  return find_in(kGone, name, old_major, new_major);
}

const SettingHistory* changed_default(std::string_view name, int old_major, int new_major) {
  return find_in(kDefaults, name, old_major, new_major);
}

}  // namespace pgconvoy
