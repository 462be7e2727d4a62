-- description: names given by position: behind a join that has a name, behind a relation, and behind functions of the system
-- expect: block; view public.v_join in; names columns of pg_database by their position
-- expect: warn; view public.v_join in; its column datcollate takes its type from
-- expect: block; view public.v_names in; names columns of pg_database by their position
-- expect: warn; view public.v_names in; its column g takes its type from
-- expect: block; view public.v_function in; names columns of function pg_get_keywords() by their position
-- expect: block; materialized view public.v_kept in; names columns of pg_stat_ssl by their position
-- also: block; no_removed_builtins; materialized view public.v_kept; compression
CREATE VIEW public.v_join AS SELECT j.datcollate FROM (pg_database a JOIN pg_tablespace b ON a.dattablespace = b.oid) j;
CREATE VIEW public.v_names AS SELECT n, g FROM (SELECT b AS n, g FROM pg_database d(a, b, c, e, f, g, h) WHERE h) s;
CREATE VIEW public.v_function AS WITH k AS (SELECT * FROM pg_get_keywords()) SELECT word, catdesc FROM k;
CREATE MATERIALIZED VIEW public.v_kept AS SELECT s.p, s.z FROM pg_stat_ssl s(p, q, r, t, u, z);
