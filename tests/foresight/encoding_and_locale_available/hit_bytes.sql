-- description: a database without an encoding, whose names and sources hold bytes that are no UTF-8
-- settings: template=template0 encoding='SQL_ASCII' lc_collate='C' lc_ctype='C'
-- expect: block; database; SQL_ASCII
CREATE TABLE public.plain (id integer PRIMARY KEY, note text);
DO $do$
DECLARE
  accent text := chr(233);  -- one byte, which is no UTF-8
BEGIN
  EXECUTE format($sql$CREATE FUNCTION public.%I(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 /* %s */'$sql$, 'caf' || accent, accent);
  EXECUTE format('CREATE OPERATOR public.#!# (RIGHTARG = integer, FUNCTION = public.%I)', 'caf' || accent);
  EXECUTE format('CREATE TABLE public.checked (n integer CHECK (public.%I(n) > 0))', 'caf' || accent);
  EXECUTE format('CREATE INDEX %I ON public.checked (public.%I(n))', 'by_' || accent, 'caf' || accent);
END $do$;
INSERT INTO public.checked VALUES (1);
