-- description: columns that hold names of objects which are there and are one
CREATE SCHEMA "Quoted one";
CREATE TABLE "Quoted one"."table" (what regclass DEFAULT 'pg_class', f regproc, p regprocedure[], t regtype, r regrole, n regnamespace, c regconfig, o regoper, op regoperator, x oid, coll regcollation);
CREATE FUNCTION "Quoted one".f(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE VIEW "Quoted one".v AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW "Quoted one".m AS SELECT 1 AS a;
CREATE SEQUENCE "Quoted one".s;
INSERT INTO "Quoted one"."table" VALUES ('"Quoted one"."table"', '"Quoted one".f', ARRAY['now()', '"Quoted one".f(int)']::regprocedure[], '"Quoted one"."table"', current_user::regrole, '"Quoted one"', 'english', '#-', '+(int,int)', 5, '"C"'),
  ('"Quoted one".v', 'now', NULL, 'int4[]', 0, 'pg_catalog', NULL, 0, NULL, 0, NULL), ('"Quoted one".m', '-', '{}', 'numeric', NULL, NULL, NULL, NULL, NULL, NULL, NULL), ('"Quoted one".s', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (0, 0, NULL, 0, NULL, 0, 0, NULL, 0, NULL, 0);
