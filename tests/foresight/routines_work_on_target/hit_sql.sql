-- description: the same in SQL, with another spelling, and a letter right behind a number
-- expect: warn; function public.busy(); calls pg_is_in_backup()
-- expect: warn; function public.inside(box,box); operator @ between two operands
-- expect: warn; function public.tight(integer); has a letter right behind 1
CREATE FUNCTION public.busy() RETURNS boolean LANGUAGE sql AS 'SELECT PG_IS_IN_BACKUP ()';
CREATE FUNCTION public.inside(a box, b box) RETURNS boolean LANGUAGE sql AS 'SELECT a @ b';
CREATE FUNCTION public.tight(a integer) RETURNS boolean LANGUAGE sql AS 'SELECT a > 1and a < 5';
