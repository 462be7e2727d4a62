-- description: names given by position: behind a join that has a name, behind a relation, and behind functions of the system
-- expect: block; view public.v_join in; names columns of pg_database by their position
-- expect: warn; view public.v_join in; its column datcollate takes its type from
-- expect: block; view public.v_names in; names columns of pg_database by their position
-- expect: warn; view public.v_names in; its column g takes its type from
-- expect: block; view public.v_function in; names columns of function pg_get_keywords() by their position
-- expect: block; materialized view public.v_kept in; names columns of pg_stat_ssl by their position
-- expect: block; view public.v_words in; names columns of function pg_get_keywords() by their position
-- expect: block; view public.v_few in; names columns of pg_database by their position
-- expect: block; view public.v_sessions in; names columns of function app.sessions(), rows of pg_stat_activity by their position
-- expect: block; view public.v_join_of_function in; names columns of function pg_get_keywords() by their position
-- expect: warn; view public.v_over in; its column datcollate takes its type from pg_database.datcollate, through view public.v_join
-- also: block; no_removed_builtins; materialized view public.v_kept; compression
CREATE VIEW public.v_join AS SELECT j.datcollate FROM (pg_database a JOIN pg_tablespace b ON a.dattablespace = b.oid) j;
CREATE VIEW public.v_names AS SELECT n, g FROM (SELECT b AS n, g FROM pg_database d(a, b, c, e, f, g, h) WHERE h) s;
CREATE VIEW public.v_function AS WITH k AS (SELECT * FROM pg_get_keywords()) SELECT word, catdesc FROM k;
CREATE MATERIALIZED VIEW public.v_kept AS SELECT s.p, s.z FROM pg_stat_ssl s(p, q, r, t, u, z);
CREATE VIEW public.v_words AS SELECT word, catcode FROM pg_get_keywords() k;
CREATE VIEW public.v_few AS SELECT a, b, e FROM pg_database d(a, b, c, e) WHERE c <> 0;
CREATE SCHEMA app;
CREATE FUNCTION app.sessions() RETURNS SETOF pg_stat_activity LANGUAGE sql STABLE AS 'SELECT * FROM pg_stat_activity';
CREATE VIEW public.v_sessions AS SELECT backend_type FROM app.sessions();
CREATE VIEW public.v_join_of_function AS SELECT j.catdesc FROM (pg_get_keywords() k JOIN pg_tablespace t ON t.spcname = k.word) j;
CREATE VIEW public.v_over AS SELECT datcollate FROM public.v_join;
