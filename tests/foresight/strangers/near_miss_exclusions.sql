-- description: bookings that exclude each other by two ranges and a key, through an extension in a schema of its own; deferred uniqueness; covering keys
CREATE SCHEMA "Extensions";
CREATE EXTENSION btree_gist SCHEMA "Extensions";
CREATE EXTENSION citext SCHEMA "Extensions";
CREATE EXTENSION hstore SCHEMA "Extensions";
CREATE EXTENSION pg_trgm SCHEMA "Extensions";
CREATE TABLE bookings (room "Extensions".citext NOT NULL, during tstzrange NOT NULL, seats int4range, cancelled boolean DEFAULT false, attributes "Extensions".hstore,
  CONSTRAINT no_overlap EXCLUDE USING gist ((room::text) WITH =, during WITH &&, seats WITH &&) WHERE (NOT cancelled) DEFERRABLE INITIALLY DEFERRED,
  UNIQUE (room, during) INCLUDE (cancelled) DEFERRABLE);
INSERT INTO bookings VALUES ('Blue', '[2020-01-01,2020-01-02)', '[1,5)', false, '"a"=>"1", "b"=>NULL'), ('blue', '[2020-01-02,2020-01-03)', '[1,5)', false, ''), ('Blue', '[2020-01-01,2020-01-02]', NULL, true, NULL);
CREATE INDEX ON bookings USING gin (attributes);
CREATE INDEX ON bookings USING gist ((room::text) "Extensions".gist_trgm_ops (siglen = 64));
CREATE INDEX ON bookings ((attributes OPERATOR("Extensions".->) 'a'));
CREATE TABLE circles (c circle, EXCLUDE USING gist (c WITH &&));
INSERT INTO circles VALUES ('<(0,0),1>'), ('<(5,5),1>');
CREATE TABLE hashed (v text, EXCLUDE USING hash (v WITH =));
INSERT INTO hashed VALUES ('a'), (NULL), (NULL);
CREATE TABLE big (k bigint, v inet, p point, b box, t tsquery, EXCLUDE USING gist (v inet_ops WITH &&), EXCLUDE USING btree (k WITH =));
INSERT INTO big VALUES (1, '10.0.0.0/24', '(1,1)', '((0,0),(1,1))', 'a & b'), (2, '10.0.1.0/24', NULL, NULL, NULL);
CREATE INDEX ON big USING spgist (p); CREATE INDEX ON big USING gist (t); CREATE INDEX ON big USING brin (k) WITH (pages_per_range = 4);
