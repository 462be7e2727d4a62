-- description: routines of all kinds that only look as if they used what is gone: words in comments, strings and dynamic SQL of other names
CREATE FUNCTION public.documented() RETURNS text LANGUAGE plpgsql AS $$
-- pg_start_backup() and 5 ! are no more
/* SELECT pg_stop_backup(); */
DECLARE factorial numeric := 1; pg_is_in_backup boolean := false;
BEGIN
  RAISE NOTICE 'array_append and pg_stop_backup(%)', 'x';
  IF NOT pg_is_in_backup THEN RETURN 'x ! y'; END IF;
  RETURN format('%s!', factorial);
END $$;
CREATE PROCEDURE public.moves(INOUT n int) LANGUAGE plpgsql AS $$ BEGIN COMMIT; n := n + 1; ROLLBACK; END $$;
CREATE FUNCTION public.pg_is_in_backup() RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION public.rows_of(OUT a int, OUT b text) RETURNS SETOF record LANGUAGE sql ROWS 5 COST 10 AS 'VALUES (1, ''x'')';
CREATE FUNCTION public.dyn(name) RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n bigint; BEGIN EXECUTE format('SELECT count(*) FROM %I', $1) INTO n; RETURN n; END $$;
CREATE FUNCTION public.with_set() RETURNS void LANGUAGE plpgsql SET work_mem = '8MB' SET "DateStyle" = 'ISO, DMY' AS 'BEGIN END';
CREATE FUNCTION public.cursor_of(refcursor) RETURNS refcursor LANGUAGE plpgsql AS $$ BEGIN OPEN $1 FOR SELECT 1 WHERE 2 != 1; RETURN $1; END $$;
CREATE FUNCTION public.bang(integer) RETURNS boolean LANGUAGE sql AS 'SELECT $1 != 5 AND ''a'' !~ ''x'' AND $1 != -1';
CREATE FUNCTION public.polymorphic(anyelement, anyarray) RETURNS anyarray LANGUAGE sql AS 'SELECT array_append($2, $1)';
CREATE FUNCTION public.newer() RETURNS int LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM pg_stat_activity LOOP NULL; END LOOP; RETURN extract(epoch FROM now())::int; END $$;
CREATE TABLE public.points (p point, b box, c circle); INSERT INTO public.points VALUES ('(1,1)', '((0,0),(2,2))', '<(0,0),5>');
CREATE VIEW public.inside AS SELECT p <@ b AS a, b @> p AS b, c @> p AS c, ~ 5 AS d, @ -5.5 AS e, 'a' ~ 'b' AS f, !! 'a & b'::tsquery AS g FROM public.points;
