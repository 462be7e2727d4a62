-- description: a function that was made a member of an extension by hand, and a view over it
-- also: block; extensions_keep_members; function public.mine(integer); member by hand
CREATE EXTENSION hstore;
CREATE FUNCTION public.mine(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE VIEW public.over_mine AS SELECT public.mine(1) AS two;
-- as: superuser
ALTER EXTENSION hstore ADD FUNCTION public.mine(int);
