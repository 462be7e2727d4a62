-- description: views that give out what 15 made text, straight and through everything that keeps a type
-- expect: warn; view public.v_plain in; its column datcollate takes its type from
-- expect: warn; view public.v_star in; its column collcollate takes its type from
-- expect: warn; view public.v_star in; its column collctype takes its type from
-- expect: warn; view public.v_else in; its column c takes its type from
-- expect: warn; view public.v_first in; its column c takes its type from
-- expect: warn; view public.v_over in; its column c takes its type from pg_database.datcollate, through view public.v_lateral
-- expect: warn; view public.v_sub in; its column Odd Name takes its type from
-- expect: warn; view public.v_cte in; its column c takes its type from
-- expect: warn; view public.v_recursive in; its column c takes its type from
-- expect: warn; view public.v_array in; its column all_of takes its type from
-- expect: warn; view public.v_array in; its column two takes its type from
-- expect: warn; view public.v_scalar in; its column all_of takes its type from
-- expect: warn; view public.v_scalar in; its column c takes its type from
-- expect: warn; view public.v_using in; its column datcollate takes its type from
-- expect: warn; view public.v_unnest in; its column u takes its type from
-- expect: warn; view public.v_window in; its column before takes its type from
-- expect: warn; view public.v_row in; its column datcollate takes its type from
-- expect: warn; view public.v_nullif in; its column c takes its type from
-- expect: warn; view public.v_lateral in; its column c takes its type from
-- expect: warn; view public.v_subscript in; its column c takes its type from
-- expect: warn; view public.v_values in; its column x takes its type from
-- expect: warn; view public.v_collate in; its column c takes its type from
-- expect: warn; materialized view public.v_kept in; its column datcollate takes its type from
-- expect: warn; view public.v_group in; its column datcollate takes its type from
-- expect: warn; view public.v_uniontext in; its column x takes its type from
CREATE VIEW public.v_plain AS SELECT datname, datcollate FROM pg_database;
CREATE VIEW public.v_star AS SELECT * FROM pg_collation;
CREATE VIEW public.v_sub AS SELECT s.c AS "Odd Name" FROM (SELECT datctype AS c FROM pg_database WHERE datallowconn) s;
CREATE VIEW public.v_cte AS WITH all_of AS (SELECT oid, datcollate AS c FROM pg_database) SELECT a.c FROM all_of a;
CREATE VIEW public.v_recursive AS WITH RECURSIVE r(c, n) AS (SELECT datcollate, 1 FROM pg_database UNION ALL SELECT r.c, r.n + 1 FROM r WHERE r.n < 3) SELECT c, n FROM r;
CREATE VIEW public.v_array AS SELECT array_agg(datcollate) AS all_of, ARRAY[datcollate::name, datname] AS two FROM pg_database GROUP BY datcollate, datname;
CREATE VIEW public.v_scalar AS SELECT (SELECT d.datcollate FROM pg_database d LIMIT 1) AS c, ARRAY(SELECT collctype FROM pg_collation) AS all_of;
CREATE VIEW public.v_using AS SELECT datcollate FROM pg_database a JOIN (SELECT DISTINCT datcollate FROM pg_database) b USING (datcollate);
CREATE VIEW public.v_unnest AS SELECT u FROM unnest(ARRAY(SELECT datcollate FROM pg_database)) u;
CREATE VIEW public.v_window AS SELECT lag(datcollate) OVER (ORDER BY oid) AS before FROM pg_database;
CREATE VIEW public.v_row AS SELECT (d).datcollate FROM pg_database d;
CREATE VIEW public.v_nullif AS SELECT NULLIF(datcollate, 'C') AS c FROM pg_database;
CREATE VIEW public.v_lateral AS SELECT l.c FROM pg_database d, LATERAL (SELECT d.datcollate AS c) l;
CREATE VIEW public.v_subscript AS SELECT (array_agg(datcollate))[1] AS c FROM pg_database;
CREATE VIEW public.v_values AS SELECT v.x FROM pg_database d, LATERAL (VALUES (d.datcollate), ('y')) v(x);
CREATE VIEW public.v_collate AS SELECT datcollate COLLATE "POSIX" AS c FROM pg_database;
CREATE MATERIALIZED VIEW public.v_kept AS SELECT max(oid::text) AS m, datcollate FROM pg_database GROUP BY datcollate;
CREATE VIEW public.v_group AS SELECT datcollate, count(*) FROM pg_database GROUP BY datcollate HAVING count(*) > 0;
CREATE VIEW public.v_uniontext AS SELECT datcollate AS x FROM pg_database UNION SELECT 'a'::text;
CREATE VIEW public.v_else AS SELECT CASE WHEN datallowconn THEN datname ELSE datctype END AS c FROM pg_database;
CREATE VIEW public.v_first AS SELECT COALESCE(datcollate, datname, 'none'::name) AS c FROM pg_database;
CREATE VIEW public.v_over AS SELECT c FROM public.v_lateral;
