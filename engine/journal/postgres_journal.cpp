// The writing half of the journal in PostgreSQL, and how it outlives its connection. postgres_read.cpp holds the rest.
#include "engine/journal/postgres_journal.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "engine/core/host.hpp"
#include "engine/journal/appender.hpp"
#include "engine/journal/postgres_address.hpp"
#include "engine/journal/postgres_patience.hpp"
#include "engine/journal/postgres_schema.hpp"
#include "engine/journal/postgres_store.hpp"

namespace pgconvoy {
Result<std::unique_ptr<Journal>> PostgresJournal::open(const std::string& uri, OpenMode mode) {
  TRY(ConnectionSpec connection, journal_connection(uri));
  // Who holds a run's lock is told from the name of its session.
  connection.keywords["application_name"] = fmt::format("pgconvoy journal, host {} pid {}", this_host().substr(0, 32), getpid());
  std::unique_ptr<PostgresJournal> journal(new PostgresJournal(std::move(connection), mode == OpenMode::read_only));
  TRY_VOID(journal->database_.connect());
  journal->ask_for_system();
  TRY(journal->token_, open_journal_schema(journal->database_, mode));
  if (journal->read_only_) TRY_VOID(journal->database_.execute("set default_transaction_read_only = on"));
  return std::unique_ptr<Journal>(std::move(journal));
}

WallTime PostgresJournal::now() {
  const std::scoped_lock lock(mutex_);
  const auto asked = patiently([&] { return database_.integer("select (extract(epoch from clock_timestamp()) * 1000)::bigint"); });
  return asked ? WallTime(std::chrono::milliseconds(*asked)) : std::chrono::system_clock::now();
}

Result<void> PostgresJournal::refuse_when_read_only() const {
  if (!read_only_) return {};
  return Error(ErrorKind::refused,
               fmt::format("the journal {} was opened for reading only", journal_address(database_.connection())));
}

// Without the right to know: "", which is like no other's.
void PostgresJournal::ask_for_system() {
  system_.clear();
  auto system = database_.query("select system_identifier::text from pg_control_system()");
  if (system && !system->empty()) system_ = (*system)[0].text(0);
}

PostgresJournal::~PostgresJournal() {
  // A closed session gives its locks back only when its server has noticed.
  if (!locked_.empty() && database_.connected()) (void)database_.execute("select pg_advisory_unlock_all()");
}

// After a failover or a restore another journal could answer under the same address.
Result<void> PostgresJournal::connect() {
  TRY_VOID(database_.connect());
  ask_for_system();
  auto token = open_journal_schema(database_, read_only_ ? OpenMode::read_only : OpenMode::read_write);
  if (!token) return token.error();
  if (*token != token_)
    return Error(ErrorKind::refused, fmt::format("the journal {} is another one than before: its token is {}, not {}",
                                                 journal_address(database_.connection()), *token, token_),
                 "lead the address back to the server with this journal");
  if (auto sound = must_not_have_gone_back(); !sound) {
    database_.drop();  // the next call meets the same
    return sound;
  }
  if (read_only_) TRY_VOID(database_.execute("set default_transaction_read_only = on"));
  for (const auto& [id, mode] : locked_) TRY_VOID(take_lock(id, mode));
  return {};
}

Result<void> PostgresJournal::must_not_have_gone_back() {
  if (known_sequence_ == 0) return {};
  TRY(const PostgresRows found, database_.query("select hash from pgconvoy.events where sequence = $1::bigint", {std::to_string(known_sequence_)}));
  if (!found.empty() && found[0].text(0) == known_hash_) return {};
  TRY(const auto last, database_.integer("select coalesce(max(sequence), 0) from pgconvoy.events"));
  return Error(ErrorKind::corrupt,
               fmt::format("the journal {} has gone back: event {} was committed and {}. Its server was restored, or fell over to a standby "
                           "that had not received it; what was done since then stands in no journal",
                           journal_address(database_.connection()), known_sequence_,
                           found.empty() ? fmt::format("isn't there any more, the last one is {}", last) : "is another one now"),
               "stop all workers, and see docs/journal.md, \"A journal that has gone back\", before anything goes on");
}

Result<bool> PostgresJournal::is_there(const InDoubt& doubt) {
  // On the same server the lost session may still be at its commit. Ended, it has committed or it never will.
  for (int n = 0; system_ == doubt.system && n < 600; ++n) {
    TRY(const PostgresRows alive,
        database_.query("select pg_terminate_backend(pid) from pg_stat_activity where pid = $1::int and pid <> pg_backend_pid() "
                        "and application_name = current_setting('application_name')",
                        {std::to_string(doubt.backend)}));
    if (alive.empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  TRY(const PostgresRows found, database_.query("select hash from pgconvoy.events where sequence = $1::bigint", {std::to_string(doubt.sequence)}));
  return !found.empty() && found[0].text(0) == doubt.hash;
}

Result<void> PostgresJournal::write(std::vector<Event>& events, InDoubt& doubt) {
  TRY(auto transaction, PostgresTransaction::start(database_));
  PostgresStore store(database_, &known_);
  TRY_VOID(store.lock_for(events));
  JournalAppender appender(store, token_, &known_);
  bool about_a_run = false;
  for (Event& event : events) {
    if (event.kind == EventKind::run_planned || event.kind == EventKind::target_planned)
      return Error(ErrorKind::conflict, "runs and their targets are planned together, by create_run");
    TRY_VOID(appender.add(event));
    about_a_run = about_a_run || event.target == 0;
  }
  TRY_VOID(appender.finish());
  TRY_VOID(store.flush());
  if (about_a_run) TRY_VOID(database_.execute("notify pgconvoy_journal"));
  doubt.sequence = events.back().sequence;
  doubt.hash = appender.last_hash();
  doubt.system = system_;
  doubt.backend = database_.backend_pid();
  TRY_VOID(transaction.commit());
  known_sequence_ = doubt.sequence;
  known_hash_ = doubt.hash;
  return {};
}

Result<void> PostgresJournal::append(std::vector<Event>& events) {
  TRY_VOID(refuse_when_read_only());
  if (events.empty()) return {};
  const std::scoped_lock lock(mutex_);
  std::optional<InDoubt> doubt;
  auto written = patiently([&]() -> Result<void> {
    if (doubt) {
      TRY(const bool there, is_there(*doubt));
      if (there) return {};
      doubt.reset();
    }
    InDoubt now;
    auto once = write(events, now);
    if (!once && once.error().outcome_unknown) doubt = now;
    return once;
  });
  if (!written) {
    for (Event& event : events) event.sequence = 0;
    if (doubt) {
      Error error = std::move(written).error();
      error.outcome_unknown = true;
      return error;
    }
  }
  return written;
}

Result<std::int64_t> PostgresJournal::create_run(json plan, PlannedTargets targets, WallTime now) {
  TRY_VOID(refuse_when_read_only());
  if (targets.count == 0)
    return Error(ErrorKind::usage, "a run needs at least one target; the selection is empty");
  const std::scoped_lock lock(mutex_);
  TRY_VOID(patiently([&] { return database_.execute("select 1"); }));
  // Nothing was begun that would have to go on: a plan whose commit was not answered is stored again by who asked for it.
  TRY(auto transaction, PostgresTransaction::start(database_));
  PostgresStore store(database_);
  TRY(const auto id, store.lock_for_new_run(1 + static_cast<std::int64_t>(targets.count)));
  JournalAppender appender(store, token_);
  TRY_VOID(appender.plan_run(id, std::move(plan), targets, now));
  TRY_VOID(appender.finish());
  TRY_VOID(store.flush());
  TRY_VOID(transaction.commit());
  return id;
}

// Whoever runs it alone, has waited for what workers hold: one that is frozen may have lost its session and still be there.
Result<void> PostgresJournal::take_lock(std::int64_t id, RunLockMode mode) {
  const std::string key = std::to_string(kRunLocks | id);
  const bool alone = mode == RunLockMode::alone;
  TRY(const PostgresRows taken, database_.query(alone ? "select pg_try_advisory_lock($1::bigint)"
                                                      : "select pg_try_advisory_lock_shared($1::bigint)", {key}));
  if (taken[0].text(0) == "t") {
    if (!alone) return {};
    TRY(const PostgresRows held,
        database_.query("select host, pid, to_char(until at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') from pgconvoy.leases "
                        "where run = $1::bigint and until > clock_timestamp() order by until desc limit 1", {std::to_string(id)}));
    if (held.empty()) return {};
    TRY(const PostgresRows given_back, database_.query("select pg_advisory_unlock($1::bigint)", {key}));
    (void)given_back;
    return Error(ErrorKind::refused, fmt::format("r{} is being run by host {} pid {}, whose lease on a target lasts until {} UTC",
                                                 id, held[0].text(0), held[0].text(1), held[0].text(2)),
                 fmt::format("wait for it, or pgconvoy status r{}", id));
  }
  TRY(const PostgresRows holders,
      database_.query("select coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'the server''s own host') "
                      "from pg_locks l left join pg_stat_activity a on a.pid = l.pid where l.locktype = 'advisory' and l.granted "
                      "and l.objsubid = 1 and l.database = (select oid from pg_database where datname = current_database()) "
                      "and l.classid::bigint = $1::bigint and l.objid::bigint = $2::bigint",
                      {std::to_string(kRunLocks >> 32), std::to_string(id)}));
  std::string who;
  for (int row = 0; row < holders.size(); ++row) {
    std::string name = holders[row].text(0);
    if (const auto host = name.find("host "); host != std::string::npos) name.erase(0, host);
    who += (who.empty() ? "" : " and ") + (name.empty() ? "a session from " + holders[row].text(1) : name);
  }
  return Error(ErrorKind::refused, fmt::format("r{} is being run by {}", id, who.empty() ? "another process" : who),
               fmt::format("pgconvoy status r{0} shows how far it is, pgconvoy pause r{0} lets what is in flight end and starts nothing more", id));
}

Result<void> PostgresJournal::lock(std::int64_t id, RunLockMode mode) {
  TRY_VOID(refuse_when_read_only());
  const std::scoped_lock lock(mutex_);
  if (locked_.contains(id)) return {};
  return patiently([&]() -> Result<void> {
    TRY_VOID(read_whole_run(id, false));
    TRY_VOID(take_lock(id, mode));
    locked_.emplace(id, mode);
    return {};
  });
}

Result<void> PostgresJournal::lock_run(std::int64_t id) { return lock(id, RunLockMode::alone); }
Result<void> PostgresJournal::join_run(std::int64_t id) { return lock(id, RunLockMode::with_others); }

void PostgresJournal::leave_run(std::int64_t id) {
  const std::scoped_lock lock(mutex_);
  const auto found = locked_.find(id);
  if (found == locked_.end()) return;
  const bool alone = found->second == RunLockMode::alone;
  locked_.erase(found);
  // A connection that is lost has given it back.
  if (database_.connected())
    (void)database_.query(alone ? "select pg_advisory_unlock($1::bigint)" : "select pg_advisory_unlock_shared($1::bigint)",
                          {std::to_string(kRunLocks | id)});
}

Result<std::string> system_of_journal(const std::string& uri) {
  if (!is_postgres_journal(uri)) return std::string();
  TRY(ConnectionSpec connection, journal_connection(uri));
  PostgresDatabase database(std::move(connection));
  TRY_VOID(database.connect());
  auto system = database.query("select system_identifier::text from pg_control_system()");
  if (!system && system.error().kind == ErrorKind::unreachable) return system.error();
  return system && !system->empty() ? (*system)[0].text(0) : std::string();
}

}  // namespace pgconvoy
