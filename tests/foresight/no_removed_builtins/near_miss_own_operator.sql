-- description: an operator of its own under a removed name, and functions named like removed ones
CREATE FUNCTION public.pg_is_in_backup() RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION public.within(box, box) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 <@ $2';
CREATE OPERATOR public.@ (LEFTARG = box, RIGHTARG = box, FUNCTION = public.within);
CREATE TABLE public.t (b box, busy boolean DEFAULT public.pg_is_in_backup());
CREATE VIEW public.v AS SELECT b OPERATOR(public.@) b AS inside FROM public.t;
