-- Shape 7: what catalogs hold besides. Materialized views, publication, statistics, unlogged, empty and column-less tables.
CREATE EXTENSION citext;
CREATE EXTENSION unaccent;
SET ROLE @owner@;
CREATE SCHEMA odd;
CREATE TABLE odd.people (id serial PRIMARY KEY, email citext UNIQUE, city text, zip text, boss integer REFERENCES odd.people DEFERRABLE);
INSERT INTO odd.people (email, city, zip, boss)
SELECT 'Person' || i || '@Example.org', 'City ' || i % 40, lpad((i % 40)::text, 5, '0'), CASE WHEN i > 1 THEN i / 2 END FROM generate_series(1, 1200) i;
CREATE STATISTICS odd.city_zip (dependencies, ndistinct, mcv) ON city, zip FROM odd.people;
ALTER STATISTICS odd.city_zip SET STATISTICS 300;
COMMENT ON STATISTICS odd.city_zip IS 'A zip has one city';

CREATE MATERIALIZED VIEW odd.per_city AS SELECT city, count(*) AS people FROM odd.people GROUP BY city;
CREATE UNIQUE INDEX per_city_idx ON odd.per_city (city);
-- Out of date on purpose: a refresh during a migration changes what the application reads.
INSERT INTO odd.people (email, city) VALUES ('late@example.org', 'City 1');
CREATE MATERIALIZED VIEW odd.not_populated AS SELECT * FROM odd.per_city WITH NO DATA;
CREATE MATERIALIZED VIEW odd.of_the_first AS SELECT sum(people) AS all_people FROM odd.per_city;

CREATE UNLOGGED TABLE odd.cache (key text PRIMARY KEY, value text);
INSERT INTO odd.cache SELECT 'k' || i, md5((i + @seed@)::text) FROM generate_series(1, 300) i;
CREATE TABLE odd.empty (id integer, v text);
CREATE TABLE odd.no_columns ();
INSERT INTO odd.no_columns DEFAULT VALUES;
INSERT INTO odd.no_columns DEFAULT VALUES;
CREATE TABLE odd.all_dropped (a integer, b text);
INSERT INTO odd.all_dropped VALUES (1, 'x'), (2, 'y'), (3, 'z');
ALTER TABLE odd.all_dropped DROP COLUMN a, DROP COLUMN b;
CREATE TABLE odd.added_later (id integer);
INSERT INTO odd.added_later SELECT generate_series(1, 50);
ALTER TABLE odd.added_later ADD COLUMN filled text DEFAULT 'fast default', ADD COLUMN late integer NOT NULL DEFAULT 7;
CREATE TABLE odd.duplicates (a integer, b text);
INSERT INTO odd.duplicates SELECT 1, 'the same row' FROM generate_series(1, 25);
INSERT INTO odd.duplicates VALUES (NULL, NULL), (NULL, NULL), (NULL, ''), (1, NULL);

-- Two tables that refer to each other, a constraint that older rows break, inheritance without partitions.
CREATE TABLE odd.hen (id integer PRIMARY KEY, egg integer);
CREATE TABLE odd.egg (id integer PRIMARY KEY, hen integer REFERENCES odd.hen);
INSERT INTO odd.hen SELECT i, i FROM generate_series(1, 30) i;
INSERT INTO odd.egg SELECT i, i FROM generate_series(1, 30) i;
ALTER TABLE odd.hen ADD FOREIGN KEY (egg) REFERENCES odd.egg DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE odd.egg ADD COLUMN weight integer;
UPDATE odd.egg SET weight = -1 WHERE id = 13;
ALTER TABLE odd.egg ADD CONSTRAINT weight_positive CHECK (weight > 0) NOT VALID;
ALTER TABLE odd.egg ADD CONSTRAINT egg_self FOREIGN KEY (weight) REFERENCES odd.hen NOT VALID;
CREATE TABLE odd.animal (name text NOT NULL, legs integer CHECK (legs >= 0) NO INHERIT, born date DEFAULT '2000-01-01');
CREATE TABLE odd.bird (wings integer DEFAULT 2) INHERITS (odd.animal);
CREATE TABLE odd.swimmer (name text NOT NULL, depth integer);
CREATE TABLE odd.duck () INHERITS (odd.bird, odd.swimmer);
INSERT INTO odd.animal (name, legs) VALUES ('horse', 4);
INSERT INTO odd.bird (name, legs) VALUES ('crow', 2);
INSERT INTO odd.duck (name, legs, depth) VALUES ('mallard', 2, 1);

CREATE TABLE odd.tuned (id integer, v text) WITH (fillfactor = 60, autovacuum_enabled = false, toast.autovacuum_enabled = false);
CREATE INDEX tuned_idx ON odd.tuned (id, (length(v))) WITH (fillfactor = 50, deduplicate_items = off);
ALTER TABLE odd.tuned CLUSTER ON tuned_idx, REPLICA IDENTITY FULL;
ALTER INDEX odd.tuned_idx ALTER COLUMN 2 SET STATISTICS 0;
INSERT INTO odd.tuned SELECT i, 'v' FROM generate_series(1, 100) i;
CREATE RECURSIVE VIEW odd.chain (id, depth) AS SELECT id, 0 FROM odd.people WHERE boss IS NULL UNION ALL SELECT p.id, c.depth + 1 FROM odd.people p JOIN chain c ON p.boss = c.id;
CREATE VIEW odd.checked AS SELECT * FROM odd.people WHERE city = 'City 1' WITH CASCADED CHECK OPTION;
CREATE TEXT SEARCH DICTIONARY odd.plain (TEMPLATE = pg_catalog.simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION odd.folded (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION odd.folded ALTER MAPPING FOR word, asciiword WITH unaccent, odd.plain;
CREATE COLLATION odd.bytewise (provider = libc, locale = 'C');
CREATE CAST (odd.people AS text) WITH INOUT;
CREATE PUBLICATION some_tables FOR TABLE odd.people, odd.tuned WITH (publish = 'insert, update');
COMMENT ON INDEX odd.tuned_idx IS 'Loosely filled';
COMMENT ON MATERIALIZED VIEW odd.per_city IS 'Refreshed every night';
COMMENT ON CONSTRAINT weight_positive ON odd.egg IS 'Not valid for old rows';
COMMENT ON SCHEMA odd IS 'Odd things';
COMMENT ON COLLATION odd.bytewise IS 'Like C';
RESET ROLE;
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish_via_partition_root = true);
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere OPTIONS (host 'db.example.org');
CREATE USER MAPPING FOR @owner@ SERVER elsewhere OPTIONS (username 'nobody');
CREATE FOREIGN TABLE odd.far_away (id integer, v text) SERVER elsewhere OPTIONS (table_name 'x');
