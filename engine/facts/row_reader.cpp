#include "engine/facts/row_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(NotChecked, object, because, for_time)

namespace {

constexpr Seconds kLockWait{1};
// Readers beside this one end, and give their places back.
constexpr Seconds kPlaceWait{10}, kPlaceRhythm{0.5};
constexpr const char* kTooManyConnections = "53300";
constexpr const char* kLockNotAvailable = "55P03";
constexpr const char* kHeldTables = R"sql(
  select distinct format('%I.%I', n.nspname, c.relname)
    from pg_locks l
    join pg_class c on c.oid = l.relation
    join pg_namespace n on n.oid = c.relnamespace
   where l.mode = 'AccessExclusiveLock' and l.database = (select oid from pg_database where datname = current_database())
     and c.oid >= 16384 and c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't'
   order by 1 limit 50)sql";

// `past_indexes`: the word of an index is what is in doubt.
SessionOptions row_reading_options(Seconds limit, bool past_indexes) {
  SessionOptions options;
  options.application_name = "pgconvoy/rows";
  options.statement_limit = limit;
  options.lock_limit = kLockWait;
  options.settings = {{"default_transaction_read_only", "on"}, {"row_security", "off"}, {"constraint_exclusion", "off"},
                      {"jit", "off"},                          {"work_mem", "64MB"}};
  if (past_indexes)
    for (const char* scan : {"enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"}) options.settings.emplace_back(scan, "off");
  return options;
}

std::string index_scans(const char* state) {
  return fmt::format("set enable_indexscan = {0}; set enable_indexonlyscan = {0}; set enable_bitmapscan = {0}", state);
}

// In steps: each other limit is one more statement to the server.
Seconds rounded(Seconds left) {
  constexpr double kStep = 5;
  return Seconds(left.count() > kStep ? std::floor(left.count() / kStep) * kStep : std::ceil(left.count()));
}

}  // namespace

RowReader::RowReader(const InquiryContext& context, Seconds budget, bool past_indexes)
    : context_(context),
      budget_(budget),
      past_indexes_(past_indexes),
      deadline_(std::chrono::steady_clock::now() + std::chrono::duration_cast<SteadyTime::duration>(budget)) {}

Seconds RowReader::left() const { return std::max(Seconds(0), Seconds(deadline_ - std::chrono::steady_clock::now())); }

Task<bool> RowReader::opens(As who) {
  auto opened = co_await open(who);
  if (!opened) co_return false;
  sessions_[who] = *std::move(opened);
  co_return true;
}

Task<Result<SessionPtr>> RowReader::open(As who) {
  SessionOptions options = row_reading_options(std::max(Seconds(1), rounded(left())), past_indexes_);
  if (who == As::tenant) co_return co_await open_as_tenant(context_, options);
  std::string database = context_.database().database;
  co_return co_await context_.open_source(database, options);
}

Task<Result<Session*>> RowReader::session(As who) {
  if (const auto refused = refused_.find(who); refused != refused_.end()) co_return refused->second;
  if (const auto found = sessions_.find(who); found != sessions_.end()) {
    if (found->second->usable()) co_return found->second.get();
    sessions_.erase(found);
  }
  auto opened = co_await open(who);
  for (Seconds waited{0}; !opened && opened.error().sqlstate == kTooManyConnections && waited < kPlaceWait; waited += kPlaceRhythm) {
    co_await sleep_for(kPlaceRhythm);
    opened = co_await open(who);
  }
  if (!opened) {
    refused_.emplace(who, opened.error());
    co_return opened.error();
  }
  co_return (sessions_[who] = *std::move(opened)).get();
}

Task<Result<Rows>> RowReader::read_catalogue(std::string sql) {
  CO_TRY(Session * session, co_await this->session(As::administrator));
  std::vector<Value> none;
  constexpr Seconds kLimit{30};
  // Their indexes are sound, and a plan in the order written takes a third of the time.
  std::string on = index_scans("on") + "; set join_collapse_limit = 1; set from_collapse_limit = 1";
  std::string off = index_scans(past_indexes_ ? "off" : "on") + "; reset join_collapse_limit; reset from_collapse_limit";
  CO_TRY_VOID(co_await session->script(std::move(on)));
  Result<Rows> rows = Error(ErrorKind::internal, "not read");
  for (int turn = 0; turn < 3; ++turn) {
    std::string held = kHeldTables, statement = sql;
    CO_TRY(Rows tables, co_await session->query(std::move(held), none, kLimit));
    held_.clear();
    for (std::size_t i = 0; i < tables.size(); ++i)
      held_.push_back({"rows of " + tables.text(i, 0), "another session holds the table exclusively", false});
    rows = co_await session->query(std::move(statement), none, kLimit);
    if (rows || rows.error().sqlstate != kLockNotAvailable) break;  // somebody took a table in between
  }
  if (!rows) co_return rows.error();
  CO_TRY_VOID(co_await session->script(std::move(off)));
  co_return rows;
}

Task<Result<Rows>> RowReader::read(As who, std::string sql) {
  if (budget_ == Seconds(0)) co_return Error(ErrorKind::refused, "time_budget is 0");
  if (left() <= Seconds(0)) co_return Error(ErrorKind::timeout, "the time budget ran out");
  CO_TRY(Session * session, co_await this->session(who));
  std::vector<Value> none;
  co_return co_await session->query(std::move(sql), none, rounded(left()));
}

Task<Result<void>> RowReader::read_in_portions(As who, std::string select, int batch, std::function<bool(const Rows&)> take) {
  Result<void> outcome;
  std::string begin = "begin";
  CO_TRY_VOID(co_await read(who, std::move(begin)));
  CO_TRY(Session * session, co_await this->session(who));
  std::string declare = "declare portions no scroll cursor for " + select;
  auto declared = co_await read(who, std::move(declare));
  if (!declared) outcome = declared.error();
  for (bool more = declared.has_value(); more;) {
    std::string fetch = fmt::format("fetch {} from portions", batch);
    auto rows = co_await read(who, std::move(fetch));
    if (!rows) {
      outcome = rows.error();
      break;
    }
    more = static_cast<int>(rows->size()) == batch && take(*rows);
    if (!more && static_cast<int>(rows->size()) < batch) take(*rows);
  }
  if (session->usable()) {
    std::vector<Value> none;
    std::string end = "rollback";
    auto ended = co_await session->query(std::move(end), none, Seconds(5));
    if (!ended) session->close();
  }
  co_return outcome;
}

NotChecked RowReader::not_checked(std::string object, const Error& error) const {
  NotChecked item;
  item.object = std::move(object);
  item.for_time = error.kind == ErrorKind::timeout;
  item.because = item.for_time ? "the time budget ran out" : error.message;
  return item;
}

bool fails_by_itself(const Error& error) {
  if (error.kind != ErrorKind::sql || error.poisons_session) return false;
  for (const char* other : {"42501", "25006", "57014", "55P03", "53", "57", "58", "08", "40", "XX"})
    if (error.sqlstate.starts_with(other)) return false;
  return !error.sqlstate.empty();
}

std::string tenants_code_sql() {
  return R"sql(
  held (oid) as materialized (
    select l.relation from pg_locks l
     where l.mode = 'AccessExclusiveLock' and l.database = (select oid from pg_database where datname = current_database())
       and l.relation is not null),
  tenants_functions as materialized (select p.oid from pg_proc p where p.oid >= 16384 and p.prolang not in (12, 13)),
  tenants_operators as materialized (
    select o.oid from pg_operator o where o.oid >= 16384 and o.oprcode::oid in (select f.oid from tenants_functions f)),
  domains as materialized (
    select t.oid from pg_type t where t.oid >= 16384 and t.typtype = 'd'
    union all
    select t.typarray from pg_type t where t.oid >= 16384 and t.typtype = 'd'),
  tenants_code as materialized (
    select d.classid, d.objid, d.objsubid from pg_depend d
     where d.refclassid = 'pg_proc'::regclass and d.refobjid in (select f.oid from tenants_functions f)
    union
    select d.classid, d.objid, d.objsubid from pg_depend d
     where d.refclassid = 'pg_operator'::regclass and d.refobjid in (select o.oid from tenants_operators o)
    union
    select d.classid, d.objid, d.objsubid from pg_depend d
     where d.refclassid = 'pg_type'::regclass and d.refobjid in (select t.oid from domains t) and d.deptype = 'n'
       and (d.classid in ('pg_constraint'::regclass, 'pg_attrdef'::regclass)
            or (d.classid = 'pg_class'::regclass and exists (select from pg_index i where i.indexrelid = d.objid)))),
  unsafe (table_oid) as (
    select coalesce(i.indrelid, k.conrelid, d.objid)
      from tenants_code d
      left join pg_index i on d.classid = 'pg_class'::regclass and i.indexrelid = d.objid
      left join pg_constraint k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
     where d.classid in ('pg_class'::regclass, 'pg_constraint'::regclass)
    union
    select h.inhparent from unsafe u join pg_inherits h on h.inhrelid = u.table_oid))sql";
}

}  // namespace pgconvoy
