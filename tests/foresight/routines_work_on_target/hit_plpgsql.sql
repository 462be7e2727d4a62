-- description: backup functions, a removed operator, a setting and a column of the system, each in PL/pgSQL
-- expect: warn; function ops.backup(); calls pg_start_backup(), calls pg_stop_backup()
-- expect: warn; function public.odds(integer); operator ! behind its operand
-- expect: warn; function public.strict(); setting operator_precedence_warning
-- expect: warn; function public.last_oid(); reads pg_database.datlastsysoid
-- expect: warn; function ops.dynamic(); calls pg_is_in_backup()
CREATE SCHEMA ops;
CREATE PROCEDURE ops.backup() LANGUAGE plpgsql AS $body$
BEGIN
  PERFORM pg_start_backup('nightly', true); -- with a checkpoint
  PERFORM pg_catalog.pg_stop_backup();
END $body$;
CREATE FUNCTION public.odds(n integer) RETURNS numeric LANGUAGE plpgsql AS 'BEGIN IF n > 1 THEN RETURN n! / (n - 1)!; END IF; RETURN 1; END';
CREATE FUNCTION public.strict() RETURNS text LANGUAGE plpgsql AS $$ BEGIN SET LOCAL operator_precedence_warning = on; RETURN 'on'; END $$;
CREATE FUNCTION public.last_oid() RETURNS oid LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  FOR r IN SELECT * FROM pg_catalog.pg_database LOOP RETURN r.datlastsysoid; END LOOP;
END $$;
CREATE FUNCTION ops.dynamic() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE answer boolean;
BEGIN
  EXECUTE 'SELECT ' || 'pg_is_in_backup()' INTO answer;
  RETURN answer;
END $$;
