#include "engine/journal/postgres_schema.hpp"

#include <fmt/format.h>

#include <map>

#include "engine/core/clock.hpp"
#include "engine/core/secret.hpp"
#include "engine/journal/postgres_address.hpp"

namespace pgconvoy {
namespace {

// Text sorts by its bytes, whatever the database's collation: two servers must not read a journal in two orders. There are
// no foreign keys: each would lock a row of the run's that everybody writes below; verify() looks for rows without theirs.
constexpr const char* kSharedTables = R"sql(
create table pgconvoy.journal (key text collate "C" primary key, value text collate "C" not null);
create table pgconvoy.counters (only_row boolean primary key default true check (only_row),
  last_event bigint not null, last_run bigint not null) with (fillfactor = 10);
create table pgconvoy.runs (
  id bigint primary key, state text collate "C" not null, intent text collate "C" not null,
  runbook text collate "C" not null, runbook_digest text collate "C" not null, created text collate "C" not null,
  started text collate "C", ended text collate "C", planned bigint not null, hash text collate "C" not null)
  with (fillfactor = 50);
create table pgconvoy.targets (
  run bigint not null, number integer not null, id text collate "C" not null, region text collate "C" not null,
  state text collate "C" not null, epoch integer not null, pivoted integer not null, reason text collate "C",
  started text collate "C", ended text collate "C", paused_at text collate "C", resumed_at text collate "C",
  planned bigint not null, hash text collate "C" not null, primary key (run, number)) with (fillfactor = 50);
create table pgconvoy.steps (
  run bigint not null, target integer not null, path text collate "C" not null, status text collate "C" not null,
  attempt integer not null, epoch integer not null, first_started bigint not null, intent text collate "C",
  outcome text collate "C", error text collate "C", started text collate "C", ended text collate "C",
  primary key (run, target, path)) with (fillfactor = 70);
create table pgconvoy.events (
  sequence bigint primary key, run bigint not null, target integer not null, step text collate "C" not null,
  attempt integer not null, epoch integer not null, kind text collate "C" not null, at text collate "C" not null,
  data text collate "C" not null, hash text collate "C" not null);
create index events_by_target on pgconvoy.events (run, target, sequence);
create index events_by_run on pgconvoy.events (run, sequence);
create table pgconvoy.obligations (
  id text collate "C" primary key, run bigint not null, target integer not null, kind text collate "C" not null,
  state text collate "C" not null, due text collate "C" not null, waits_for text collate "C" not null,
  data text collate "C" not null);
create table pgconvoy.backups (
  run bigint not null, target integer not null, instance text collate "C" not null, file text collate "C" not null,
  target_id text collate "C" not null, server text collate "C" not null, database text collate "C" not null,
  bytes bigint not null, sha256 text collate "C" not null, format text collate "C" not null,
  created text collate "C" not null, state text collate "C" not null, details text collate "C",
  primary key (run, target, instance, file));
create table pgconvoy.lanes (run bigint primary key);
create table pgconvoy.leases (
  run bigint not null, target integer not null, epoch integer not null, worker text collate "C" not null,
  host text collate "C" not null, pid integer not null, taken timestamptz not null, until timestamptz not null,
  primary key (run, target)) with (fillfactor = 50);
)sql";

Error refused(const PostgresDatabase& database, const std::string& why, const std::string& remedy) {
  return {ErrorKind::refused,
          fmt::format("{} holds no pgconvoy journal: {}; it was not touched", journal_address(database.connection()), why),
          remedy};
}

Error damaged_schema(const PostgresDatabase& database, const std::string& why) {
  return {ErrorKind::corrupt, fmt::format("the journal {} is damaged: {}", journal_address(database.connection()), why),
          "restore its schema pgconvoy from a backup"};
}

// The token; nothing when there is no schema of that name.
Result<std::optional<std::string>> recognise_schema(PostgresDatabase& database) {
  TRY(const PostgresRows found,
      database.query("select (select count(*) from pg_namespace where nspname = 'pgconvoy'), "
                     "to_regclass('pgconvoy.journal') is not null, "
                     "coalesce(has_schema_privilege((select oid from pg_namespace where nspname = 'pgconvoy'), 'usage'), true)"));
  if (found[0].integer(0) == 0) return std::optional<std::string>();
  if (found[0].text(2) != "t")
    return Error(ErrorKind::refused, fmt::format("the journal {} may not be used by this role", journal_address(database.connection())),
                 "log in as the role that made it, or one that is a member of it");
  if (found[0].text(1) != "t")
    return refused(database, "its schema pgconvoy is something else's", "give another database with --journal or PGCONVOY_JOURNAL");
  std::map<std::string, std::string> values;
  TRY(const PostgresRows rows, database.query("select key, value from pgconvoy.journal"));
  for (int row = 0; row < rows.size(); ++row) values[rows[row].text(0)] = rows[row].text(1);
  const std::string format = values["format"];
  if (format.empty() || format.find_first_not_of("0123456789") != std::string::npos || format.size() > 9)
    return damaged_schema(database, "it has lost its format");
  if (std::stoll(format) > kSharedJournalVersion)
    return Error(ErrorKind::refused,
                 fmt::format("the journal {} has format {}, this program knows {}", journal_address(database.connection()),
                             format, kSharedJournalVersion),
                 "use the newer pgconvoy that made it; it was not touched");
  if (std::stoll(format) < kSharedJournalVersion)
    return damaged_schema(database, fmt::format("there is no format {}", format));
  if (values["token"].empty()) return damaged_schema(database, "it has lost its token");
  return std::optional(values["token"]);
}

Result<void> fill(PostgresDatabase& database) {
  TRY_VOID(database.execute("create schema pgconvoy"));
  TRY_VOID(database.execute(kSharedTables));
  TRY(const PostgresRows rows,
      database.query("insert into pgconvoy.journal select * from unnest($1::text[], $2::text[])",
                     {ArrayText().add(std::string("format")).add(std::string("token")).add(std::string("created")).text(),
                      ArrayText().add(std::to_string(kSharedJournalVersion)).add(random_token(6))
                          .add(format_utc(std::chrono::system_clock::now())).text()}));
  (void)rows;
  return database.execute("insert into pgconvoy.counters values (true, 0, 0)");
}

}  // namespace

Result<std::string> open_journal_schema(PostgresDatabase& database, OpenMode mode) {
  TRY(const PostgresRows server, database.query("select current_setting('server_encoding'), current_setting('server_version_num')::int"));
  if (server[0].text(0) != "UTF8")
    return Error(ErrorKind::refused,
                 fmt::format("the database of the journal {} has the encoding {}; it was not touched",
                             journal_address(database.connection()), server[0].text(0)),
                 "give one in UTF8: createdb --encoding UTF8 --template template0 NAME");
  TRY(auto token, recognise_schema(database));
  if (token) return *std::move(token);
  if (mode != OpenMode::create)
    return Error(ErrorKind::not_found, fmt::format("there is no journal in {}", journal_address(database.connection())),
                 "check --journal or PGCONVOY_JOURNAL; pgconvoy run makes a journal");
  TRY(auto transaction, PostgresTransaction::start(database));
  // Of two processes one makes it and the other finds it.
  TRY_VOID(database.execute("select pg_advisory_xact_lock(hashtext('pgconvoy journal'), 1)"));
  TRY(token, recognise_schema(database));
  if (token) return *std::move(token);
  TRY_VOID(fill(database));
  TRY_VOID(transaction.commit());
  TRY(token, recognise_schema(database));
  if (!token) return damaged_schema(database, "it was just made and is gone again");
  return *std::move(token);
}

Result<std::vector<std::string>> differing_tables(PostgresDatabase& database) {
  static const std::map<std::string, std::string> wanted = {
      {"journal", "key text, value text"},
      {"counters", "only_row boolean, last_event bigint, last_run bigint"},
      {"runs", "id bigint, state text, intent text, runbook text, runbook_digest text, created text, started text, ended text, planned bigint, hash text"},
      {"targets", "run bigint, number integer, id text, region text, state text, epoch integer, pivoted integer, reason text, started text, ended text, paused_at text, resumed_at text, planned bigint, hash text"},
      {"steps", "run bigint, target integer, path text, status text, attempt integer, epoch integer, first_started bigint, intent text, outcome text, error text, started text, ended text"},
      {"events", "sequence bigint, run bigint, target integer, step text, attempt integer, epoch integer, kind text, at text, data text, hash text"},
      {"obligations", "id text, run bigint, target integer, kind text, state text, due text, waits_for text, data text"},
      {"backups", "run bigint, target integer, instance text, file text, target_id text, server text, database text, bytes bigint, sha256 text, format text, created text, state text, details text"},
      {"lanes", "run bigint"},
      {"leases", "run bigint, target integer, epoch integer, worker text, host text, pid integer, taken timestamp with time zone, until timestamp with time zone"}};
  TRY(const PostgresRows rows,
      database.query("select c.relname, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum), "
                     "(select count(*) from pg_constraint k where k.conrelid = c.oid and k.contype = 'p') "
                     "from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
                     "where c.relnamespace = (select oid from pg_namespace where nspname = 'pgconvoy') and c.relkind in ('r', 'p') "
                     "group by c.oid, c.relname"));
  std::map<std::string, std::string> found;
  std::vector<std::string> differences;
  for (int row = 0; row < rows.size(); ++row) {
    found[rows[row].text(0)] = rows[row].text(1);
    if (rows[row].integer(2) != 1)
      differences.push_back(fmt::format("\"{}\" has no primary key: two rows may stand for one thing", rows[row].text(0)));
  }
  for (const auto& [name, columns] : wanted) {
    const auto there = found.find(name);
    if (there == found.end())
      differences.push_back(fmt::format("\"{}\" is missing: it is not the journal that pgconvoy made", name));
    else if (there->second != columns)
      differences.push_back(fmt::format("\"{}\" is not defined as in a journal: it has the columns {}", name, there->second));
  }
  for (const auto& [name, columns] : found)
    if (!wanted.contains(name)) differences.push_back(fmt::format("\"{}\" is no part of a journal", name));
  return differences;
}

}  // namespace pgconvoy
