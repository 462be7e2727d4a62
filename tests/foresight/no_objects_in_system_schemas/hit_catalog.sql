-- description: a function and an operator that a superuser made in pg_catalog, with a view that uses it
-- expect: block; function pg_catalog.today_of(integer); made by somebody
-- expect: block; operator pg_catalog.#+#; made by somebody
-- expect: block; view information_schema.mine; made by somebody
-- expect: block; table information_schema.own_table; made by somebody
-- expect: block; type information_schema.mood; made by somebody
-- as: superuser
CREATE FUNCTION pg_catalog.today_of(integer) RETURNS date LANGUAGE sql STABLE AS 'SELECT current_date + $1';
CREATE OPERATOR pg_catalog.#+# (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4pl);
CREATE VIEW information_schema.mine AS SELECT 1 AS one;
CREATE TABLE information_schema.own_table (id integer PRIMARY KEY);
CREATE TYPE information_schema.mood AS ENUM ('good', 'bad');
-- as: owner
CREATE VIEW public.v AS SELECT today_of(1) AS tomorrow;
