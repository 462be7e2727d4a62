// How a worker comes to its targets. docs/journal.md, "Many workers".
#include <fmt/format.h>

#include <algorithm>

#include "engine/journal/appender.hpp"
#include "engine/journal/postgres_leases.hpp"
#include "engine/journal/postgres_patience.hpp"
#include "engine/journal/postgres_store.hpp"

namespace pgconvoy {
namespace {

Event event_of(std::int64_t run, EventKind kind, json data, WallTime now) {
  Event event;
  event.run = run;
  event.kind = kind;
  event.at = now;
  event.data = std::move(data);
  return event;
}

// Who was told of the run and hasn't seen it end.
constexpr const char* kHasJoined =
    "select count(*) from pgconvoy.events where run = $1::bigint and target = 0 and kind = 'run_started' "
    "and data::json ->> 'worker' = $2::text and sequence > coalesce((select max(sequence) from pgconvoy.events "
    "where run = $1::bigint and target = 0 and kind = 'run_ended'), 0)";

}  // namespace

Result<int> PostgresJournal::others_in(std::int64_t run) {
  TRY(const auto others,
      database_.integer("select count(*) from pg_locks where locktype = 'advisory' and granted and objsubid = 1 and pid <> pg_backend_pid() "
                        "and database = (select oid from pg_database where datname = current_database()) "
                        "and classid::bigint = $1::bigint and objid::bigint = $2::bigint",
                        {std::to_string(kRunLocks >> 32), std::to_string(run)}));
  return static_cast<int>(others);
}

Result<int> PostgresJournal::members(std::int64_t id) {
  const std::scoped_lock lock(mutex_);
  return patiently([&] { return others_in(id); });
}

Result<bool> PostgresJournal::is_eldest(std::int64_t id) {
  const std::scoped_lock lock(mutex_);
  return patiently([&]() -> Result<bool> {
    TRY(const auto elder,
        database_.integer("select count(*) from pg_locks l join pg_stat_activity a on a.pid = l.pid where l.locktype = 'advisory' and l.granted "
                          "and l.objsubid = 1 and l.database = (select oid from pg_database where datname = current_database()) "
                          "and l.classid::bigint = $1::bigint and l.objid::bigint = $2::bigint and (a.backend_start, a.pid) < "
                          "(select m.backend_start, m.pid from pg_stat_activity m where m.pid = pg_backend_pid())",
                          {std::to_string(kRunLocks >> 32), std::to_string(id)}));
    return elder == 0;
  });
}

// Sequences are given out in the order of commits: what is committed up to the counter is all there is up to it.
Result<ClaimView> PostgresJournal::claim_view(std::int64_t run, const WorkerIdentity& worker, std::int64_t seen) {
  const std::string id = std::to_string(run), after = std::to_string(seen);
  ClaimView view;
  // Locked: nobody says `pause` between the look and the claim.
  static const std::string run_now =
      fmt::format("select {}, c.last_event, (select e.hash from pgconvoy.events e where e.sequence = c.last_event), "
                  "(extract(epoch from clock_timestamp()) * 1000)::bigint "
                  "from pgconvoy.runs r, pgconvoy.counters c where r.id = $1::bigint for no key update of r", kRunColumns);
  TRY(const PostgresRows runs, database_.query(run_now, {id}));
  if (runs.empty()) return Error(ErrorKind::not_found, fmt::format("there is no run r{}", run), "pgconvoy status lists the runs");
  TRY(auto stored, run_of_row(runs[0]));
  view.run = std::move(stored.record);
  view.seen = runs[0].integer(10);
  view.now = WallTime(std::chrono::milliseconds(runs[0].integer(12)));
  if (!runs[0].is_null(11)) {
    known_sequence_ = view.seen;
    known_hash_ = runs[0].text(11);
  }
  // Leases first: whoever gives one back has written before how its target ended, so a target without a lease is seen as it is.
  // The other way round one that ended in between would be taken for abandoned. New ones need the lane, which is ours.
  TRY(const PostgresRows held,
      database_.query("select target, extract(epoch from until - clock_timestamp()) * 1000, (worker = $2::text)::int from pgconvoy.leases "
                      "where run = $1::bigint and until > clock_timestamp()", {id, worker.id}));
  for (int row = 0; row < held.size(); ++row) {
    view.leased.insert(static_cast<int>(held[row].integer(0)));
    const Seconds left(static_cast<double>(held[row].integer(1)) / 1000);
    if (held[row].integer(2) == 0) view.next_end = view.next_end ? std::min(*view.next_end, left) : left;
  }
  TRY(const PostgresRows events,
      database_.query(fmt::format("select {} from pgconvoy.events where run = $1::bigint and target = 0 and sequence > $2::bigint "
                                  "and kind <> 'run_planned' order by sequence", kEventColumns), {id, after}));
  for (int row = 0; row < events.size(); ++row) view.own_events.push_back(event_of_row(events[row]).event);
  TRY(const PostgresRows changed,
      database_.query(fmt::format("select {} from pgconvoy.targets where run = $1::bigint and number in "
                                  "(select target from pgconvoy.events where run = $1::bigint and sequence > $2::bigint and target <> 0 "
                                  "and kind <> 'target_planned') order by number", kTargetColumns), {id, after}));
  for (int row = 0; row < changed.size(); ++row) {
    TRY(auto target, target_of_row(changed[row]));
    view.changed.push_back(std::move(target.record));
  }
  TRY(view.others, others_in(run));
  return view;
}

Result<void> PostgresJournal::claim_once(std::int64_t run, const WorkerIdentity& worker, Seconds life, std::int64_t seen,
                                         const std::function<ClaimChoice(const ClaimView&)>& choose, InDoubt& doubt,
                                         ClaimAnswer& answer) {
  const std::string id = std::to_string(run);
  answer = ClaimAnswer();
  TRY(auto transaction, PostgresTransaction::start(database_));
  static const char* const kLane = "select run from pgconvoy.lanes where run = $1::bigint for update";
  TRY(PostgresRows lane, database_.query(kLane, {id}));
  if (lane.empty()) {
    TRY(const PostgresRows made, database_.query("insert into pgconvoy.lanes values ($1::bigint) on conflict do nothing", {id}));
    (void)made;
    TRY(lane, database_.query(kLane, {id}));
  }
  TRY(answer.view, claim_view(run, worker, seen));
  ClaimChoice choice = choose(answer.view);
  if (choice.start.empty() && choice.events.empty()) return {};
  ArrayText chosen;
  for (const int number : choice.start) chosen.add(std::int64_t{number});
  TRY(const PostgresRows free,
      database_.query("select number, epoch, state from pgconvoy.targets where run = $1::bigint and number = any($2::int[]) "
                      "order by number for no key update skip locked", {id, chosen.text()}));
  answer.events = std::move(choice.events);
  if (!free.empty()) {
    TRY(const auto joined, database_.integer(kHasJoined, {id, worker.id}));
    if (joined == 0) {
      json data = std::move(choice.joins);
      data.update({{"worker", worker.id}, {"host", worker.host}, {"pid", worker.pid}});
      answer.events.insert(answer.events.begin(), event_of(run, EventKind::run_started, std::move(data), answer.view.now));
    }
  }
  for (int row = 0; row < free.size(); ++row) {
    Event claim = event_of(run, EventKind::target_claimed, {{"worker", worker.id}, {"host", worker.host}, {"pid", worker.pid}}, answer.view.now);
    claim.target = static_cast<int>(free[row].integer(0));
    claim.epoch = static_cast<int>(free[row].integer(1)) + 1;
    answer.claimed.push_back({claim.target, claim.epoch, target_state_from_string(free[row].text(2)), {}});
    answer.events.push_back(std::move(claim));
  }
  if (answer.events.empty()) return {};

  PostgresStore store(database_);
  TRY_VOID(store.lock_for(answer.events));
  JournalAppender appender(store, token_);
  for (Event& event : answer.events) TRY_VOID(appender.add(event));
  TRY_VOID(appender.finish());
  TRY_VOID(store.flush());
  // Before the server looks at its clock: the end that is kept here comes first.
  const SteadyTime sent = std::chrono::steady_clock::now();
  if (!answer.claimed.empty()) {
    ArrayText targets, epochs;
    for (Claimed& claimed : answer.claimed) {
      claimed.until = sent + std::chrono::duration_cast<std::chrono::steady_clock::duration>(life);
      targets.add(std::int64_t{claimed.number});
      epochs.add(std::int64_t{claimed.epoch});
    }
    TRY(const PostgresRows taken,
        database_.query("insert into pgconvoy.leases (run, target, epoch, worker, host, pid, taken, until) "
                        "select $1::bigint, c.target, c.epoch, $4::text, $5::text, $6::int, clock_timestamp(), "
                        "clock_timestamp() + make_interval(secs => $7::float8) from unnest($2::int[], $3::int[]) as c(target, epoch) "
                        "on conflict (run, target) do update set epoch = excluded.epoch, worker = excluded.worker, host = excluded.host, "
                        "pid = excluded.pid, taken = excluded.taken, until = excluded.until",
                        {id, targets.text(), epochs.text(), worker.id, worker.host, std::to_string(worker.pid), fmt::format("{}", life.count())}));
    (void)taken;
  }
  if (std::any_of(answer.events.begin(), answer.events.end(), [](const Event& event) { return event.target == 0; }))
    TRY_VOID(database_.execute("notify pgconvoy_journal"));
  doubt.sequence = answer.events.back().sequence;
  doubt.hash = appender.last_hash();
  doubt.system = system_;
  doubt.backend = database_.backend_pid();
  TRY_VOID(transaction.commit());
  known_sequence_ = doubt.sequence;
  known_hash_ = doubt.hash;
  return {};
}

Result<ClaimAnswer> PostgresJournal::claim(std::int64_t run, const WorkerIdentity& worker, Seconds life, std::int64_t seen,
                                           const std::function<ClaimChoice(const ClaimView&)>& choose) {
  TRY_VOID(refuse_when_read_only());
  const std::scoped_lock lock(mutex_);
  // After a commit without an answer the targets are claimed, or not; if they are, what was chosen stands. Their leases may be
  // shorter than said by what the search took, which is why their end was taken before.
  std::optional<InDoubt> doubt;
  ClaimAnswer tried;
  return patiently([&]() -> Result<ClaimAnswer> {
    if (doubt) {
      TRY(const bool there, is_there(*doubt));
      if (there) return tried;
      doubt.reset();
    }
    InDoubt now;
    auto once = claim_once(run, worker, life, seen, choose, now, tried);
    if (!once && once.error().outcome_unknown) doubt = now;
    if (!once) return once.error();
    return tried;
  });
}

Result<std::vector<Lease>> PostgresJournal::leases(std::int64_t run) {
  const std::scoped_lock lock(mutex_);
  return patiently([&]() -> Result<std::vector<Lease>> {
    const std::string utc = R"('YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')";
    TRY(const PostgresRows rows,
        database_.query(fmt::format("select target, epoch, worker, host, pid, to_char(taken at time zone 'UTC', {0}), "
                                    "to_char(until at time zone 'UTC', {0}), (until > clock_timestamp())::int "
                                    "from pgconvoy.leases where run = $1::bigint order by target", utc),
                        {std::to_string(run)}));
    std::vector<Lease> found;
    for (int row = 0; row < rows.size(); ++row)
      found.push_back({run, static_cast<int>(rows[row].integer(0)), static_cast<int>(rows[row].integer(1)), rows[row].text(2), rows[row].text(3),
                       static_cast<int>(rows[row].integer(4)), parse_utc(rows[row].text(5)), parse_utc(rows[row].text(6)), rows[row].integer(7) != 0});
    return found;
  });
}

std::unique_ptr<LeaseKeeper> PostgresJournal::keep_leases(const WorkerIdentity& worker, Seconds life, std::function<void()> changed) {
  ConnectionSpec connection = database_.connection();
  connection.keywords["application_name"] = fmt::format("pgconvoy leases, host {} pid {}", worker.host.substr(0, 32), worker.pid);
  return std::make_unique<PostgresLeaseKeeper>(std::move(connection), worker, life, std::move(changed));
}

}  // namespace pgconvoy
