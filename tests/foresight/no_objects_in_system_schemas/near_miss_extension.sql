-- description: an extension that puts functions into pg_catalog, and a schema whose name only begins alike
-- as: superuser
CREATE EXTENSION adminpack;
-- as: owner
CREATE SCHEMA pgx;
CREATE TABLE pgx.t (id integer);
CREATE SCHEMA "information schema";
CREATE VIEW "information schema".v AS SELECT id FROM pgx.t;
CREATE TEMPORARY TABLE gone (id integer);
