-- description: whole rows of system views are kept, straight, in an array of a composite type, and in an empty table
-- expect: block; column public.log.seen; pg_stat_activity has 21 columns here and 22 on the target
-- expect: block; column public.log.many; pg_database has
-- expect: warn; column public.empty.tls; pg_stat_ssl has 9 columns here and 8
CREATE TYPE public.noted AS (at timestamptz, what pg_database);
CREATE TABLE public.log (id integer, seen pg_stat_activity, many public.noted[]);
INSERT INTO public.log SELECT 1, a, ARRAY[ROW(now(), d)::public.noted] FROM pg_stat_activity a, pg_database d WHERE a.pid = pg_backend_pid() AND d.datname = current_database();
CREATE TABLE public.empty (tls pg_stat_ssl);
