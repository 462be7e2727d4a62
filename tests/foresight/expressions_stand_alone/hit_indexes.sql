-- description: indexes over functions that look for names: a function, a table, a type, a predicate, one that calls another; and an index without rows
-- expect: block; index shop.by_label; function tidy(text) does not exist
-- expect: block; index shop.by_rate; relation "rates" does not exist
-- expect: block; index shop.by_kind; type "kind" does not exist
-- expect: block; index shop.only_fresh; function tidy(text) does not exist
-- expect: block; index shop.by_nested; function tidy(text) does not exist
-- expect: block; index shop.without_rows; function tidy(text) does not exist
CREATE SCHEMA shop;
SET search_path = shop;
CREATE TYPE kind AS ENUM ('a', 'b');
CREATE TABLE rates (name text, rate integer);
INSERT INTO rates VALUES ('one', 1);
CREATE FUNCTION tidy(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE FUNCTION label(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN tidy($1); END';
CREATE FUNCTION rate_of(text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN (SELECT rate FROM rates WHERE name = $1); END';
CREATE FUNCTION kind_of(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 'a'::kind; END $$;
CREATE FUNCTION fresh(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN tidy($1) <> ''; END $$;
CREATE FUNCTION outer_one(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT shop.label($1)';
CREATE FUNCTION expanded(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT tidy($1)';
CREATE TABLE goods (id serial PRIMARY KEY, name text);
INSERT INTO goods (name) VALUES ('one'), ('two');
CREATE INDEX by_label ON goods (label(name));
CREATE INDEX by_rate ON goods (rate_of(name));
CREATE INDEX by_kind ON goods (id, kind_of(name));
CREATE INDEX only_fresh ON goods (id) WHERE fresh(name);
CREATE INDEX by_nested ON goods (outer_one(name));
CREATE TABLE nothing (name text);
CREATE INDEX without_rows ON nothing (expanded(name));
