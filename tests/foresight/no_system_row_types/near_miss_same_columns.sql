-- description: rows of a catalogue that is the same on both, views and functions over the others, and types of names
CREATE TABLE public.t (id integer, n pg_namespace, name name, oid oid, class regclass);
INSERT INTO public.t SELECT 1, n, nspname, oid, 'pg_class' FROM pg_namespace n WHERE nspname = 'public';
CREATE VIEW public.v AS SELECT pid, state FROM pg_stat_activity;
CREATE FUNCTION public.busy() RETURNS SETOF pg_stat_activity LANGUAGE sql AS 'SELECT * FROM pg_stat_activity';
CREATE TYPE public.pair AS (a integer, b text);
CREATE TABLE public.p (x public.pair);
INSERT INTO public.p VALUES (ROW(1, 'x'));
