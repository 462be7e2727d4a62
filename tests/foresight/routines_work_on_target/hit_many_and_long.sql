-- description: too much source for every check to read: it is searched on the server, and one routine found
-- expect: warn; function public.busy(); calls pg_is_in_backup()
SELECT format('CREATE FUNCTION public.long_%s() RETURNS integer LANGUAGE sql AS %L', n, '/* ' || repeat('a line of a comment, ', 1000) || '*/ SELECT 1')
  FROM generate_series(1, 5) n \gexec
CREATE FUNCTION public.busy() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN pg_is_in_backup(); END';
