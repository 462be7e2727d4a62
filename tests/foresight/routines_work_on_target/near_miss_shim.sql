-- description: the remedy: a function of its own under the removed name, with calls that find it
CREATE FUNCTION public.pg_is_in_backup() RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION public.busy() RETURNS boolean LANGUAGE sql AS 'SELECT pg_is_in_backup()';
CREATE FUNCTION public.within(box, box) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 <@ $2';
CREATE OPERATOR public.@ (LEFTARG = box, RIGHTARG = box, FUNCTION = public.within);
CREATE FUNCTION public.inside(a box, b box) RETURNS boolean LANGUAGE sql AS 'SELECT a @ b';
