// A database with something of everything, as SQL for the source server; {role} and {reader} are replaced.
// pg_dump and pg_restore must carry all of it from version 13 to 15.
#pragma once

namespace pgconvoy {

inline constexpr const char* compare_shapes = R"sql(
create extension hstore;
create extension citext;
create extension pg_trgm;
create schema app authorization {role};
create schema "Odd ""Schema" authorization {role};
grant usage on schema app to {reader};
comment on schema app is 'the application';
set role {role};

create type app.mood as enum ('calm', 'it''s fine', 'storm');
create type app.money_range as range (subtype = numeric);
create type app.pair as (a integer, b text collate "C");
create domain app.positive as numeric(12, 2) default 1 check (value > 0) not null;
comment on type app.mood is 'how it feels';
comment on constraint positive_check on domain app.positive is 'no debts';
create collation app.german (provider = icu, locale = 'de-u-co-phonebk');

create table app.customers (
  id bigint generated always as identity,
  email public.citext not null,
  status varchar(20) default 'new' check (status in ('new', 'active', 'gone')),
  feeling app.mood default 'calm',
  balance app.positive,
  name text collate "C",
  attributes public.hstore,
  born date,
  seen timestamptz default now(),
  ratio double precision,
  tags text[] default '{}'::text[],
  raw bytea,
  document jsonb,
  full_name text generated always as (upper(name)) stored,
  primary key (id) include (email)
) with (fillfactor = 70, autovacuum_enabled = true, toast.autovacuum_enabled = false);
alter table app.customers alter column document set storage external;
alter table app.customers alter column name set statistics 250;
alter table app.customers alter column born set (n_distinct = -0.5);
alter table app.customers drop column seen;
alter table app.customers add column seen timestamp without time zone;
comment on table app.customers is 'people';
comment on column app.customers.email is 'unique, case does not matter';
create unique index customers_email on app.customers (email);
create index customers_status on app.customers (status) where status in ('new', 'active');
create index customers_name on app.customers using gin (name public.gin_trgm_ops);
create index customers_expression on app.customers (lower(name), (ratio * 2) desc nulls last);
alter index app.customers_expression alter column 1 set statistics 33;
alter table app.customers cluster on customers_email;
alter table app.customers replica identity using index customers_email;
grant select (id, name), update (name) on app.customers to {reader};
insert into app.customers (email, status, feeling, name, attributes, born, ratio, tags, raw, document)
  select 'user' || i || '@example.org', (array['new', 'active', 'gone'])[1 + i % 3], 'storm', 'Name ' || i,
         public.hstore('k', i::text), date '1990-01-01' + i, sqrt(i), array['a', i::text], decode(md5(i::text), 'hex'),
         jsonb_build_object('n', i, 'text', E'tab\there\\ and newline\n')
    from generate_series(1, 1000) i;

create table app.orders (
  id serial primary key, customer bigint references app.customers deferrable initially deferred, amount numeric,
  during tstzrange,
  exclude using gist (during with &&) where (amount > 1000));
alter table app.orders add constraint amount_positive check (amount >= 0) not valid;
create statistics app.orders_statistics (ndistinct, dependencies) on customer, amount from app.orders;
insert into app.orders (customer, amount) select 1 + i % 1000, i from generate_series(1, 500) i;
set constraints all immediate;
grant select on app.orders to {reader} with grant option;
grant usage on sequence app.orders_id_seq to {reader};
alter table app.orders enable row level security;
create policy own_orders on app.orders as restrictive for select to {reader} using (customer in (1, 2) and amount > 0);

create table app.events (id bigint, at timestamptz not null, kind varchar, primary key (id, at)) partition by range (at);
create table app.events_2024 partition of app.events for values from ('2024-01-01') to ('2025-01-01');
create table app.events_2025 partition of app.events for values from ('2025-01-01') to ('2026-01-01') partition by hash (id);
create table app.events_2025_0 partition of app.events_2025 for values with (modulus 2, remainder 0);
create table app.events_2025_1 partition of app.events_2025 for values with (modulus 2, remainder 1);
create table app.events_rest partition of app.events default;
create index events_kind on app.events (kind);
alter table app.events add column customer bigint references app.customers;
insert into app.events select i, timestamptz '2024-06-01' + i * interval '1 day', 'k', 1 from generate_series(1, 800) i;
create table app.reference_to_partitions (event bigint, at timestamptz, foreign key (event, at) references app.events);

create table app.parent (a integer default 1, b text);
create table app.child (c integer) inherits (app.parent);
alter table app.parent add column d integer;
insert into app.child values (1, 'b', 2, 3);
create table app.zero ();
insert into app.zero default values;
insert into app.zero default values;
create unlogged table app.scratch (x integer);
insert into app.scratch values (1);
create table "Odd ""Schema"."Weird Table; drop" ("select" integer primary key, "Ünïcode ✓" text, "tab	name" integer);
insert into "Odd ""Schema"."Weird Table; drop" values (1, E'back\\slash', 2), (2, null, null);
create table app.typed of app.pair;

create view app.active as select c.id, c.name, extract(epoch from c.seen) as epoch, substring(c.name from 1 for 2) as start
  from app.customers c where c.status in ('new', 'active') with local check option;
alter view app.active alter column name set default 'nobody';
comment on view app.active is 'those who are here';
create materialized view app.totals as select customer, sum(amount) as total from app.orders group by customer;
create unique index totals_customer on app.totals (customer);
create materialized view app.unfilled as select 1 as one with no data;
create rule no_delete as on delete to app.scratch do instead nothing;

create function app.touch() returns trigger language plpgsql as $$ begin new.seen := now(); return new; end $$;
create function app.pass() returns trigger language plpgsql as $$ begin return new; end $$;
create function app.add(a integer, b integer default 2, out total integer) language sql immutable strict cost 5 as 'select a + b';
create procedure app.tidy(days integer, inout removed integer default 0) language plpgsql security definer set search_path = app
  as $$ begin removed := days; end $$;
create aggregate app.product(numeric) (sfunc = numeric_mul, stype = numeric, initcond = '1');
create function app.by_default(a app.mood, variadic b text[]) returns table (x integer, y text) language sql stable rows 7 as 'select 1, ''y''';
create operator app.=== (leftarg = integer, rightarg = integer, function = int4eq, commutator = operator(app.===));
create cast (app.pair as text) with inout as assignment;
revoke execute on function app.add(integer, integer) from public;
grant execute on function app.add(integer, integer) to {reader};
create trigger touch before update on app.customers for each row when (old.status in ('new', 'active')) execute function app.touch();
create trigger touch_events before update on app.events for each row execute function app.pass();
create constraint trigger late after insert on app.orders deferrable initially deferred for each row execute function app.pass();
alter table app.customers disable trigger touch;
alter table app.events_2024 disable trigger touch_events;
comment on trigger touch on app.customers is 'keeps the time';
comment on function app.add(integer, integer) is 'adds';

create sequence app.counter start 100 increment 5 maxvalue 100000 cycle;
select nextval('app.counter'), nextval('app.counter');
create sequence app.fresh start 7;
select setval('app.fresh', 12, false);
create text search dictionary app.english (template = simple, stopwords = english);
create text search configuration app.words (copy = english);
alter text search configuration app.words alter mapping for asciiword with app.english, english_stem;
alter default privileges in schema app grant select on tables to {reader};
alter default privileges revoke execute on functions from public;

select lo_create(4711), lo_create(4712), lo_create(4713);
select lo_put(4711, 0, decode(repeat('00ff10', 3000), 'hex'));
select lo_put(4712, 9000, '\x0102'::bytea);
grant select on large object 4711 to {reader};
comment on large object 4711 is 'a picture';
reset role;
create operator class app.int_class for type integer using btree as operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 btint4cmp(integer, integer);
create publication news for table app.customers, app.orders with (publish = 'insert, update');
create function app.watch() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger watching on ddl_command_end when tag in ('CREATE TABLE') execute function app.watch();
alter event trigger watching disable;
create foreign data wrapper nothing;
create server elsewhere type 'x' version '2' foreign data wrapper nothing options (host 'h');
create user mapping for {role} server elsewhere options (password 'never shown');
create foreign table app.remote (a integer options (column_name 'z')) server elsewhere options (t 'r');
revoke execute on function pg_catalog.pg_sleep(double precision) from public;
grant execute on function public.similarity(text, text) to {reader};
revoke usage on language plpgsql from public;
)sql";

}  // namespace pgconvoy
