-- description: removed names in comments, literals, names of variables and columns, and in other schemas
CREATE SCHEMA ops;
CREATE FUNCTION ops.pg_stop_backup() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TABLE public.t (id integer, compression text, datlastsysoid oid, pg_is_in_backup boolean);
CREATE FUNCTION public.words() RETURNS text LANGUAGE plpgsql AS $body$
DECLARE pg_start_backup text := 'call pg_start_backup() or 5! by hand';
BEGIN
  -- pg_is_in_backup() was removed, so was a @ b
  /* SELECT pg_start_backup('x'); /* nested: 4! */ still a comment */
  PERFORM ops.pg_stop_backup();
  IF 1 <> 2 AND 3 != 4 AND 'a' !~ 'b' AND @ -5 > 3 THEN
    RAISE NOTICE 'pg_stop_backup() of % at a@b', $q$5!$q$;
  END IF;
  FOR i IN 1..10 LOOP NULL; END LOOP;
  PERFORM t.compression, t.datlastsysoid, pg_is_in_backup FROM public.t AS t;
  PERFORM s.ssl, t.compression FROM pg_stat_ssl s, public.t t;
  RETURN pg_start_backup || current_setting('operator_precedence_warning', true) || 1e5 || 0.5;
END $body$;
CREATE FUNCTION public.says() RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; RAISE EXCEPTION 'use pg_backup_start(), not pg_start_backup()'; END $$;
