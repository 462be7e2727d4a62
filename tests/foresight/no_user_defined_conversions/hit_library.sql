-- description: a conversion over a function in a library, with the arguments of before 14
-- expect: block; conversion public.own; over function public.own_conversion(integer,integer,cstring,internal,integer), which has 5 arguments
-- as: superuser
CREATE FUNCTION public.own_conversion(integer, integer, cstring, internal, integer) RETURNS void LANGUAGE c STRICT
  AS '$libdir/utf8_and_iso8859_1', 'utf8_to_iso8859_1';
CREATE CONVERSION public.own FOR 'UTF8' TO 'LATIN1' FROM public.own_conversion;
