-- description: an index and a check call functions that use what is gone: the restore fails
-- expect: block; function public.factorial_of(integer); called by index public.of_factorials
-- expect: block; function public.is_small(integer); called by constraint small
CREATE FUNCTION public.factorial_of(n integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT n !';
CREATE FUNCTION public.is_small(n integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN n! < 1000; END';
CREATE TABLE public.t (n integer CONSTRAINT small CHECK (public.is_small(n)));
CREATE INDEX of_factorials ON public.t (public.factorial_of(n));
INSERT INTO public.t VALUES (3);
