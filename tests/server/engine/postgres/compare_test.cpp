// A database, its copy by pg_dump and pg_restore, and what is broken in the copy.
#include <yaml-cpp/yaml.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <regex>
#include <set>

#include "engine/postgres/compare.hpp"
#include "engine/postgres/database_properties.hpp"
#include "tests/server/engine/postgres/compare_shapes.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;

namespace {

template <class T>
T value_or_fail(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message + "\n" + result.error().statement);
  return *std::move(result);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// The first region's two servers, and sessions on them.
class Laboratory {
 public:
  static Laboratory* find() {
    const char* directory = std::getenv("PGCONVOY_TEST_LAB");
    if (!directory) {
      WARN("skipped: PGCONVOY_TEST_LAB names no laboratory");
      return nullptr;
    }
    if (!only_) only_.reset(new Laboratory(directory));
    return only_.get();
  }

  static void leave() { only_.reset(); }

  SessionPtr open(int major, const std::string& database, const char* search_path = "") {
    SessionOptions options;
    options.application_name = "pgconvoy compare_test";
    if (*search_path) options.settings.emplace_back("search_path", search_path);
    return value_or_fail(testing::run_on(loop_, factory_->open(servers_.at(major).with_database(database), options)));
  }

  void execute(Session& session, const std::string& sql) { value_or_fail(testing::run_on(loop_, session.script(sql))); }

  void execute(int major, const std::string& database, const std::string& sql) {
    auto session = open(major, database, "public");
    execute(*session, sql);
  }

  Comparison compare(Session& source, Session& target, CompareOptions options = {}) {
    return value_or_fail(testing::run_on(loop_, compare_databases(source, target, std::move(options))));
  }

  Comparison compare(const std::string& source, const std::string& target, CompareOptions options = {}) {
    auto left = open(13, source), right = open(15, target);
    return compare(*left, *right, std::move(options));
  }

  std::vector<Difference> properties(const std::string& source, const std::string& target, std::optional<Ownership> source_was = {}) {
    auto left = open(13, "postgres"), right = open(15, "postgres");
    return value_or_fail(testing::run_on(loop_, compare_database_properties(*left, source, *right, target, source_was, {})));
  }

  void dump_and_restore(const std::string& source, const std::string& target) {
    const auto address = [&](int major, const std::string& database) {
      auto text = "host=127.0.0.1 user=postgres port=" + servers_.at(major).keywords.at("port") + " dbname='" +
                  replaced(replaced(database, "\\", "\\\\"), "'", "\\'") + "'";
      return "\"" + replaced(replaced(text, "\\", "\\\\"), "\"", "\\\"") + "\"";
    };
    const auto file = (std::filesystem::temp_directory_path() / "pgconvoy_compare_test.dump").string();
    const auto command = "PGPASSFILE='" + passfile_ + "' pg_dump -Fc -f " + file + " -d " + address(13, source) +
                         " && PGPASSFILE='" + passfile_ + "' pg_restore --exit-on-error -d " + address(15, target) +
                         " " + file;
    const int status = std::system(command.c_str());
    std::filesystem::remove(file);
    if (status != 0) throw std::runtime_error("pg_dump or pg_restore failed");
  }

  void remake(int major, const std::string& database, const std::string& more) {
    execute(major, "postgres", "drop database if exists " + quote_identifier(database));
    execute(major, "postgres", "create database " + quote_identifier(database) + " " + more);
  }

  // Databases and roles that were made here go again: other tests use the same servers.
  ~Laboratory() {
    try {
      for (const auto& [major, server] : servers_) {
        for (const char* database : {"compare_test", "compare_test_copy", "compare_test_scratch"})
          execute(major, "postgres", std::string("drop database if exists ") + database);
        execute(major, "postgres", "drop role if exists compare_owner, compare_reader");
      }
      for (const auto& role : carried_) execute(15, "postgres", "drop role if exists " + quote_identifier(role));
    } catch (const std::exception& problem) {
      std::cerr << "compare_test left something behind in the laboratory: " << problem.what() << "\n";
    }
  }

  // The target gets the names of the source's roles.
  void carry_roles() {
    const char* names = "select rolname from pg_roles where rolname !~ '^pg_'";
    const auto present = list(15, names);
    for (const auto& role : list(13, names)) {
      if (std::find(present.begin(), present.end(), role) != present.end()) continue;
      execute(15, "postgres", "create role " + quote_identifier(role));
      carried_.push_back(role);
    }
  }

  std::vector<std::string> tenants() {
    return list(13,
                "select datname from pg_database where datallowconn and datname not in ('postgres', 'template0',"
                " 'template1') and datname !~ '^(pgconvoy_|compare_test)' order by 1");
  }

 private:
  explicit Laboratory(const std::filesystem::path& directory)
      : passfile_((directory / "secrets" / "admin.passfile").string()) {
    const auto fleet = YAML::LoadFile((directory / "fleet.yaml").string());
    for (const auto& server : fleet["servers"]) {
      const auto url = server.second["url"].as<std::string>();
      std::smatch port;
      if (!std::regex_search(url, port, std::regex(":([0-9]+)/"))) continue;
      ConnectionSpec spec;
      spec.server = server.first.as<std::string>();
      spec.keywords = {{"host", "127.0.0.1"}, {"port", port[1]}, {"user", "postgres"}, {"passfile", passfile_}};
      const auto service = server.second["service"].as<std::string>();
      servers_.emplace(std::stoi(service.substr(service.rfind('-') + 1)), spec);
    }
  }

  std::vector<std::string> list(int major, const char* sql) {
    auto session = open(major, "postgres");
    const auto rows = value_or_fail(testing::run_on(loop_, session->query(sql)));
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < rows.size(); ++i) texts.push_back(rows.text(i, 0));
    return texts;
  }

  static inline std::unique_ptr<Laboratory> only_;
  std::string passfile_;
  std::vector<std::string> carried_;  // roles made on the target
  asio::io_context loop_{1};
  asio::thread_pool pool_{2};
  std::unique_ptr<SessionFactory> factory_ = make_session_factory(pool_);
  std::map<int, ConnectionSpec> servers_;
};

struct LeavesLaboratory : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testRunEnded(const Catch::TestRunStats&) override { Laboratory::leave(); }
};
CATCH_REGISTER_LISTENER(LeavesLaboratory)

const char* const original = "compare_test";
const char* const copy = "compare_test_copy";        // restored, never changed
const char* const scratch = "compare_test_scratch";  // a copy of the copy, broken and made anew

// The shapes on 13 and their restored copy on 15, made once.
Laboratory* prepared() {
  auto* laboratory = Laboratory::find();
  static bool made = false;
  if (laboratory && !made) {
    for (const int major : {13, 15})
      for (const char* role : {"compare_owner", "compare_reader"})
        laboratory->execute(
            major, "postgres",
            replaced("do $$ begin create role X; exception when duplicate_object then end $$", "X", role));
    laboratory->remake(13, original, "owner compare_owner template template0");
    laboratory->remake(15, copy, "owner compare_owner template template0");
    laboratory->execute(13, original,
                        replaced(replaced(compare_shapes, "{role}", "compare_owner"), "{reader}", "compare_reader"));
    laboratory->dump_and_restore(original, copy);
    made = true;
  }
  return laboratory;
}

std::string told(const std::vector<Difference>& differences) {
  std::string text;
  for (const auto& d : differences) text += d.kind + " | " + d.object + " | " + d.source + " | " + d.target + "\n";
  return text;
}

struct Break {
  const char* sql;   // on the copy
  const char* kind;  // of the one difference
  const char* object;
  const char* says;  // part of what it says about either side; "" for anything
};

// clang-format off
const Break breaks[] = {
    // rows
    {"update app.customers set raw = overlay(raw placing '\\x00' from 3 for 1) where id = 17", "rows", "app.customers", "first differing key: (id)=(17)"},
    {"update app.customers set ratio = ratio + 1e-12 where id in (4, 5)", "rows", "app.customers", "first differing keys: (id)=(4), (id)=(5)"},
    {"delete from app.orders where id = 400", "rows", "app.orders", "499 rows"},
    {"delete from app.orders where id = 400", "rows", "app.orders", "(id)=(400) missing"},
    {"insert into app.orders (id, amount) values (4000, 1)", "rows", "app.orders", "(id)=(4000) extra"},
    {"delete from app.zero where ctid = (select min(ctid) from app.zero)", "rows", "app.zero", "1 row,"},
    {"update app.scratch set x = 2", "rows", "app.scratch", "first differing rows: row "},
    {"update app.child set c = 9", "rows", "app.child", ""},
    {"update app.events_2025_0 set kind = null where id = (select min(id) from app.events_2025_0)", "rows", "app.events_2025_0", "(id, at)=("},
    {"update \"Odd \"\"Schema\".\"Weird Table; drop\" set \"Ünïcode ✓\" = '\\N' where \"select\" = 2", "rows", "\"Odd \"\"Schema\".\"Weird Table; drop\"", "(select)=(2)"},
    {"select lo_put(4711, 5000, '\\x01')", "large object", "content", "(4711, 2)"},
    {"select lo_truncate(lo_open(4712, 131072), 9003)", "large object", "content", "(4712, length)"},
    {"select lo_unlink(4713)", "large object", "owners and privileges", "(oid)=(4713) missing"},
    {"revoke select on large object 4711 from compare_reader", "large object", "owners and privileges", "(oid)=(4711)"},
    {"comment on large object 4711 is 'a photo'", "comment", "large object 4711", "a photo"},
    // tables and columns
    {"drop table app.scratch", "table", "app.scratch", "unlogged"},
    {"create table app.more (x integer primary key)", "table", "app.more", "belong"},
    {"alter table app.scratch set logged", "table", "app.scratch", "unlogged"},
    {"alter table app.scratch owner to compare_reader", "table", "app.scratch", "owner compare_reader"},
    {"alter table app.customers set (fillfactor = 71)", "table", "app.customers", "fillfactor=71"},
    {"alter table app.customers reset (toast.autovacuum_enabled)", "table", "app.customers", "toast options"},
    {"alter table app.orders replica identity full", "table", "app.orders", "replica identity full"},
    {"alter table app.orders disable row level security", "table", "app.orders", "row security"},
    {"alter table app.orders force row level security", "table", "app.orders", "forced"},
    {"alter table app.orders alter column amount set default 3", "column", "app.orders.amount", "default 3"},
    {"alter table app.customers alter column name set not null", "column", "app.customers.name", "not null"},
    {"alter table app.customers alter column document set storage main", "column", "app.customers.document", "storage main"},
    {"alter table app.customers alter column name set statistics 251", "column", "app.customers.name", "251"},
    {"alter table app.customers alter column born set (n_distinct = -0.6)", "column", "app.customers.born", "n_distinct=-0.6"},
    {"alter table app.customers alter column id set generated by default", "column", "app.customers.id", "by default"},
    {"alter table app.parent rename column d to e; alter table app.parent rename column e to d; alter table app.scratch alter column x type bigint", "column", "app.scratch.x", "bigint"},
    {"alter foreign table app.remote alter column a options (set column_name 'y')", "column", "app.remote.a", "options"},
    {"alter view app.active alter column name drop default", "column", "app.active.name", "nobody"},
    // what hangs on tables
    {"drop index app.customers_expression", "index", "app.customers_expression", "lower(name)"},
    {"create index extra on app.orders (amount)", "index", "app.extra", ""},
    {"alter index app.customers_expression alter column 1 set statistics 34", "index", "app.customers_expression", "34"},
    {"drop index app.customers_status; create index customers_status on app.customers (status) where status in ('new', 'gone')", "index", "app.customers_status", "gone"},
    {"alter table app.customers set without cluster", "index", "app.customers_email", "clustered"},
    {"update pg_index set indisvalid = false where indexrelid = 'app.customers_name'::regclass", "index", "app.customers_name", "invalid"},
    {"alter table app.orders drop constraint amount_positive", "constraint", "amount_positive on app.orders", "NOT VALID"},
    {"alter table app.orders validate constraint amount_positive", "constraint", "amount_positive on app.orders", "NOT VALID"},
    {"alter table app.customers drop constraint customers_status_check, add check (status in ('new', 'active', 'gone', 'went'))", "constraint", "customers_status_check on app.customers", "went"},
    {"alter table app.orders alter constraint orders_customer_fkey not deferrable", "constraint", "orders_customer_fkey on app.orders", "DEFERRABLE"},
    {"alter index app.orders_pkey set (fillfactor = 50)", "constraint", "orders_pkey on app.orders", "fillfactor"},
    {"alter table app.customers enable trigger touch", "trigger", "touch on app.customers", "disabled"},
    {"alter table app.events_2024 enable trigger touch_events", "trigger", "touch_events on app.events_2024", "disabled"},
    {"drop trigger late on app.orders", "trigger", "late on app.orders", "CONSTRAINT"},
    {"drop policy own_orders on app.orders", "policy", "own_orders on app.orders", "restrictive"},
    {"alter policy own_orders on app.orders using (customer in (1, 3) and amount > 0)", "policy", "own_orders on app.orders", "3"},
    {"alter policy own_orders on app.orders to public", "policy", "own_orders on app.orders", "PUBLIC"},
    {"drop rule no_delete on app.scratch", "rule", "no_delete on app.scratch", ""},
    {"alter table app.scratch disable rule no_delete", "rule", "no_delete on app.scratch", "disabled"},
    {"drop statistics app.orders_statistics; create statistics app.orders_statistics (mcv) on customer, amount from app.orders", "statistics object", "app.orders_statistics", "kinds m"},
    // views
    {"alter view app.active reset (check_option)", "view", "app.active", "check_option=local"},
    {"create or replace view app.active as select c.id, c.name, date_part('epoch', c.seen) as epoch, substring(c.name from 1 for 2) as start from app.customers c where c.status in ('new', 'gone') with local check option", "view", "app.active", "gone"},
    {"refresh materialized view app.totals with no data", "materialized view", "app.totals", "not populated"},
    {"refresh materialized view app.unfilled", "materialized view", "app.unfilled", "not populated"},
    // routines and types
    {"create or replace function app.add(a integer, b integer default 2, out total integer) language sql immutable strict cost 5 as 'select a - b'", "function", "app.add(integer,integer)", "body"},
    {"create or replace function app.add(a integer, b integer default 3, out total integer) language sql immutable strict cost 5 as 'select a + b'", "function", "app.add(integer,integer)", "defaults 3"},
    {"alter function app.by_default(app.mood, text[]) volatile", "function", "app.by_default(app.mood,text[])", "stable"},
    {"alter procedure app.tidy(integer, integer) security invoker", "procedure", "app.tidy(integer,integer)", "security definer"},
    {"alter procedure app.tidy(integer, integer) set search_path = other", "procedure", "app.tidy(integer,integer)", "settings"},
    {"drop aggregate app.product(numeric); create aggregate app.product(numeric) (sfunc = numeric_mul, stype = numeric, initcond = '2')", "aggregate", "app.product(numeric)", "initial 2"},
    {"alter type app.mood add value 'rain' before 'storm'", "type", "app.mood", "rain"},
    {"alter type app.mood rename value 'calm' to 'Calm'; update app.customers set feeling = 'Calm' where false; alter type app.mood rename value 'Calm' to 'calm'; alter domain app.positive set default 2", "type", "app.positive", "default 2"},
    {"alter domain app.positive drop constraint positive_check; alter domain app.positive add constraint positive_check check (value > 1) not valid; comment on constraint positive_check on domain app.positive is 'no debts'", "constraint", "positive_check on app.positive", "NOT VALID"},
    {"drop cast (app.pair as text)", "cast", "(app.pair AS text)", ""},
    {"drop operator family app.int_class using btree", "operator family", "app.int_class USING btree", "belong"},
    {"alter text search configuration app.words drop mapping for asciiword", "text search configuration", "app.words", ""},
    {"alter text search dictionary app.english (stopwords = german)", "text search dictionary", "app.english", "german"},
    // privileges, comments
    {"grant insert on app.orders to compare_reader", "acl", "table app.orders", "INSERT"},
    {"revoke grant option for select on app.orders from compare_reader", "acl", "table app.orders", "grant option"},
    {"revoke select (id) on app.customers from compare_reader", "acl", "column app.customers.id", "SELECT"},
    {"grant all on schema app to public", "acl", "schema app", "PUBLIC"},
    {"revoke all on schema public from public", "acl", "schema public", "PUBLIC"},
    {"grant execute on function app.add(integer, integer) to public", "acl", "function app.add(integer,integer)", "PUBLIC"},
    {"revoke usage on type app.mood from public", "acl", "type app.mood", "(owner)"},
    {"grant usage on language plpgsql to public", "acl", "language plpgsql", "revoked PUBLIC: USAGE"},
    {"grant execute on function pg_sleep(double precision) to public", "acl", "function pg_sleep(double precision)", "revoked"},
    {"revoke execute on function public.similarity(text, text) from compare_reader", "acl", "function public.similarity(text,text)", "granted compare_reader"},
    {"revoke usage on sequence app.orders_id_seq from compare_reader", "acl", "sequence app.orders_id_seq", "USAGE"},
    {"alter default privileges for role compare_owner in schema app revoke select on tables from compare_reader", "default acl", "for role compare_owner in schema app on tables", "SELECT"},
    {"comment on column app.customers.email is null", "comment", "table column app.customers.email", "unique"},
    {"comment on schema public is 'ours'", "comment", "schema public", "ours"},
    {"comment on trigger touch on app.customers is 'x'", "comment", "trigger touch on app.customers", "keeps the time"},
    // sequences
    {"select nextval('app.counter')", "sequence", "app.counter", "last value 110, used"},
    {"select setval('app.fresh', 12, true)", "sequence", "app.fresh", "not used yet"},
    {"alter sequence app.counter cache 20", "sequence", "app.counter", "cache 20"},
    {"alter sequence app.counter no cycle", "sequence", "app.counter", "cycle"},
    {"alter sequence app.orders_id_seq owned by none", "sequence", "app.orders_id_seq", "owned by app.orders.id"},
    // what belongs to the database
    {"alter schema \"Odd \"\"Schema\" owner to postgres", "schema", "\"Odd \"\"Schema\"", "owner postgres"},
    {"drop extension pg_trgm cascade; create extension pg_trgm version '1.4'; create index customers_name on app.customers using gin (name public.gin_trgm_ops); grant execute on function public.similarity(text, text) to compare_reader", "extension version", "pg_trgm", "1.4"},
    {"create extension tablefunc", "extension", "tablefunc", "belong"},
    {"alter publication news drop table app.orders", "publication", "news", "app.orders"},
    {"alter publication news set (publish = 'insert')", "publication", "news", "update"},
    {"alter event trigger watching enable", "event trigger", "watching", "disabled"},
    {"drop user mapping for compare_owner server elsewhere", "user mapping", "compare_owner on server elsewhere", "password"},
    {"alter server elsewhere options (set host 'i')", "server", "elsewhere", "options"},
    {"drop collation app.german; create collation app.german (provider = icu, locale = 'de')", "collation", "app.german", "locale de"},
};
// clang-format on

// Breaks that can be made in one copy: none names what another one names.
std::vector<std::vector<const Break*>> groups() {
  const std::regex name("app[.][a-z_0-9]+");
  std::vector<std::pair<std::set<std::string>, std::vector<const Break*>>> groups;
  for (const auto& broken : breaks) {
    const std::string text = std::string(broken.sql) + " " + broken.object;
    std::set<std::string> names{std::sregex_token_iterator(text.begin(), text.end(), name), {}};
    names.insert(broken.object);
    const auto separate = [&](const auto& group) {
      return std::none_of(names.begin(), names.end(), [&](const auto& n) { return group.first.contains(n); });
    };
    auto group = std::find_if(groups.begin(), groups.end(), separate);
    if (group == groups.end()) group = groups.insert(groups.end(), {{}, {}});
    group->first.merge(names);
    group->second.push_back(&broken);
  }
  std::vector<std::vector<const Break*>> result;
  for (auto& group : groups) result.push_back(std::move(group.second));
  return result;
}

}  // namespace

TEST_CASE("compare: a database and its restored copy are equal") {
  auto* laboratory = prepared();
  if (!laboratory) return;
  std::int64_t progressed = 0;
  CompareOptions options;
  options.progress = [&](std::int64_t rows, std::int64_t) { progressed = rows; };
  const auto comparison = laboratory->compare(original, copy, options);
  INFO(told(comparison.differences));
  CHECK(comparison.equal());
  CHECK(comparison.objects > 150);
  CHECK(comparison.large_objects == 3);
  CHECK(comparison.tables.at("app.customers").rows == 1000);
  CHECK(comparison.tables.at("app.zero").rows == 2);
  CHECK(comparison.tables.at("app.zero").bytes == 2);
  CHECK_FALSE(comparison.tables.contains("app.events"));
  CHECK(comparison.tables.contains("app.events_2025_1"));
  CHECK(comparison.rows > 2000);
  CHECK(progressed >= comparison.rows);
}

TEST_CASE("compare: without content the tables are not read") {
  auto* laboratory = prepared();
  if (!laboratory) return;
  CompareOptions options;
  options.content = false;
  const auto comparison = laboratory->compare(original, copy, options);
  CHECK(comparison.equal());
  CHECK(comparison.tables.empty());
  CHECK(comparison.objects > 150);
}

TEST_CASE("compare: each thing broken in the copy is one difference that names it") {
  auto* laboratory = prepared();
  if (!laboratory) return;
  for (const auto& group : groups()) {
    laboratory->remake(15, scratch, std::string("owner compare_owner template ") + copy);
    for (const auto* broken : group) {
      INFO(broken->sql);
      CHECK_NOTHROW(laboratory->execute(15, scratch, broken->sql));
    }
    auto differences = laboratory->compare(original, scratch).differences;
    for (const auto* broken : group) {
      INFO(broken->sql << "\n" << told(differences));
      const auto names = [&](const Difference& d) { return d.kind == broken->kind && d.object == broken->object; };
      const auto found = std::find_if(differences.begin(), differences.end(), names);
      CHECK(found != differences.end());
      if (found == differences.end()) continue;
      const auto text = found->source + " | " + found->target;
      CHECK(text.find(broken->says) != std::string::npos);
      // Of rows, nothing but keys; of options and bodies, nothing at all.
      for (const char* secret : {"@example.org", "never shown", "select a "})
        CHECK(text.find(secret) == std::string::npos);
      differences.erase(found);
    }
    CHECK(told(differences).empty());
  }
  laboratory->execute(15, "postgres", std::string("drop database ") + scratch);
}

TEST_CASE("compare: many rows changed are named by five of them") {
  auto* laboratory = prepared();
  if (!laboratory) return;
  laboratory->remake(15, scratch, std::string("owner compare_owner template ") + copy);
  laboratory->execute(15, scratch, "truncate app.orders; update app.customers set born = born + 1");
  const auto comparison = laboratory->compare(original, scratch);
  INFO(told(comparison.differences));
  REQUIRE(comparison.differences.size() == 2);
  CHECK(comparison.differences[0].object == "app.customers");
  CHECK(std::count(comparison.differences[0].target.begin(), comparison.differences[0].target.end(), '=') == 5);
  CHECK(comparison.differences[1].source.starts_with("500 rows, checksum "));
  CHECK(comparison.differences[1].target.starts_with(
      "0 rows, checksum 00000000000000000000000000000000; first differing keys: (id)=(1) missing, "));
  laboratory->execute(15, "postgres", std::string("drop database ") + scratch);
}

TEST_CASE("compare: grants to roles of ours and to ignored roles are left out") {
  auto* laboratory = prepared();
  if (!laboratory) return;
  laboratory->remake(15, scratch, std::string("owner compare_owner template ") + copy);
  laboratory->execute(
      15, scratch,
      "create role pgconvoy_compare_test; grant select on all tables in schema app to pgconvoy_compare_test;"
      "grant usage on schema app to pgconvoy_compare_test; grant insert on app.orders to pg_monitor");
  CompareOptions options;
  options.ignore_roles = {"pg_monitor"};
  const auto comparison = laboratory->compare(original, scratch, options);
  laboratory->execute(15, "postgres", std::string("drop database ") + scratch);
  laboratory->execute(15, "postgres", "drop role pgconvoy_compare_test");
  INFO(told(comparison.differences));
  CHECK(comparison.equal());
}

TEST_CASE("compare: a view that the target makes so of the source's query is no difference, and any other is") {
  auto* laboratory = Laboratory::find();
  if (!laboratory) return;
  for (const int major : {13, 15}) laboratory->remake(major, scratch, "template template0");
  laboratory->execute(13, scratch, R"(
create table public.sites (id integer, place name, note text);
create view public.plain as select datname, datcollate from pg_database;
create view public.cast_away as select datcollate::text, datctype::varchar(20) as v from pg_database;
create view public.first as select coalesce(s.place, d.datcollate) as place from public.sites s left join pg_database d on d.oid = s.id::oid;
create view public.beside as select array[datcollate, datname] as two, case when datallowconn then datname else datctype end as c from pg_database;
create view public.over as select datcollate from public.plain;
create view public.grown as select locktype, fastpath from pg_lock_status() l;
create materialized view public.kept as select datcollate, count(*) from pg_database group by 1 with no data;
create view public.moved as select word, catcode from pg_get_keywords() k;
create view public.joined as select j.datname from (pg_database a join pg_tablespace b on a.dattablespace = b.oid) j;
create function public.sessions() returns setof pg_stat_activity language sql stable as 'select * from pg_stat_activity';
create view public.shifted as select pid, state from public.sessions();)");
  laboratory->dump_and_restore(scratch, scratch);
  const auto names = [&] {
    std::set<std::string> found;
    for (const Difference& each : laboratory->compare(scratch, scratch).differences) found.insert(each.object);
    return found;
  };
  const std::set<std::string> by_position{"public.joined", "public.moved", "public.shifted"};
  CHECK(names() == by_position);

  // What came otherwise, or as somebody else's, or not as a view of these columns.
  laboratory->execute(15, scratch, R"(
create or replace view public.plain as select datname, datctype as datcollate from pg_database;
create or replace view public.cast_away as select datcollate, datctype::varchar(20) as v from pg_database where datallowconn;
create or replace view public.first as select coalesce(d.datcollate, s.place)::name as place from public.sites s left join pg_database d on d.oid = s.id::oid;
alter view public.beside set (security_barrier = true);
create or replace view public.grown as select locktype, fastpath from pg_lock_status() l(locktype, database, relation, page, tuple, virtualxid, transactionid, classid,
  objid, objsubid, virtualtransaction, pid, mode, fastpath, granted);
drop materialized view public.kept;
create materialized view public.kept as select datcollate::name, count(*) from pg_database group by 1 with no data;)");
  std::set<std::string> broken{"public.plain", "public.cast_away", "public.first", "public.beside", "public.grown", "public.kept"};
  broken.insert(by_position.begin(), by_position.end());
  CHECK(names() == broken);
  auto left = laboratory->open(13, scratch), right = laboratory->open(15, scratch);
  laboratory->compare(*left, *right);
  laboratory->execute(*right, "create temporary view pgconvoy_made_view as select 1");  // nothing was left
  for (const int major : {13, 15}) {
    left.reset(), right.reset();
    laboratory->execute(major, "postgres", std::string("drop database ") + scratch);
  }
}

TEST_CASE("compare: sessions can be used again, for writing, too") {
  auto* laboratory = prepared();
  if (!laboratory) return;
  auto left = laboratory->open(13, original), right = laboratory->open(15, copy);
  for (int time = 0; time < 2; ++time) CHECK(laboratory->compare(*left, *right).equal());
  for (auto* session : {&left, &right}) laboratory->execute(**session, "create temporary table writable (x integer)");
}

TEST_CASE("compare: properties of the database are told apart, values of settings are not told") {
  auto* laboratory = prepared();
  if (!laboratory) return;
  laboratory->execute(
      13, "postgres",
      "alter database compare_test set work_mem = '7MB'; alter database compare_test set app.key = 'hidden value'");
  laboratory->execute(13, "postgres", "alter role compare_reader in database compare_test set jit = off");
  const std::string set =
      "alter database compare_test_copy set work_mem = '7MB'; alter database compare_test_copy set app.key = 'hidden "
      "value';"
      "alter role compare_reader in database compare_test_copy set jit = off";
  laboratory->execute(15, "postgres", set);
  CHECK(told(laboratory->properties(original, copy)).empty());

  const std::pair<const char*, const char*> changes[] = {
      {"alter database compare_test_copy set app.key = 'other value'",
       "setting | app.key | set | set to another value\n"},
      {"alter database compare_test_copy reset app.key", "setting | app.key | set | \n"},
      {"alter role compare_reader in database compare_test_copy reset jit",
       "setting | role compare_reader: jit | set | \n"},
      {"alter database compare_test_copy connection limit 5", "database connection limit | database | -1 | 5\n"},
      {"comment on database compare_test_copy is 'c'", "database comment | database | none | c\n"},
      {"revoke connect on database compare_test_copy from public", "database acl | database | "},
      {"alter database compare_test_copy owner to postgres", "database owner | database | compare_owner | postgres\n"},
  };
  for (const auto& [sql, expected] : changes) {
    laboratory->execute(15, "postgres", sql);
    const auto text = told(laboratory->properties(original, copy));
    INFO(sql);
    CHECK(text.substr(0, std::string(expected).size()) == expected);
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    laboratory->execute(
        15, "postgres",
        "alter database compare_test_copy owner to compare_owner; alter database compare_test_copy connection limit -1;"
        "comment on database compare_test_copy is null; grant connect on database compare_test_copy to public;" +
            set);
  }

  // A fenced source is ours and closed meanwhile: it counts as it was before.
  laboratory->execute(13, "postgres", "alter database compare_test owner to postgres; alter database compare_test connection limit 0");
  CHECK(laboratory->properties(original, copy).size() == 2);
  CHECK(told(laboratory->properties(original, copy, Ownership{"compare_owner", "", -1})).empty());
  CHECK(told(laboratory->properties(original, copy, Ownership{"compare_owner", "{=c/compare_owner}", 7})) ==
        "database acl | database | PUBLIC: CONNECT | (owner): CONNECT, CREATE, TEMPORARY; PUBLIC: CONNECT, TEMPORARY\n"
        "database connection limit | database | 7 | -1\n");
  laboratory->execute(13, "postgres", "alter database compare_test owner to compare_owner; alter database compare_test connection limit -1");
}

TEST_CASE("compare: every database of the laboratory is equal to its restored copy") {
  auto* laboratory = prepared();
  if (!laboratory) return;
  laboratory->carry_roles();
  for (const auto& name : laboratory->tenants()) {
    INFO(name);
    laboratory->remake(15, scratch, "template template0");
    laboratory->dump_and_restore(name, scratch);
    const auto comparison = laboratory->compare(name, scratch);
    CHECK(told(comparison.differences).empty());
    CHECK(comparison.objects > 0);
    laboratory->execute(15, "postgres", std::string("drop database ") + scratch);
  }
}
