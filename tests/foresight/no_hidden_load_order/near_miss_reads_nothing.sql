-- description: functions that name relations for types, in comments, literals and extract(), and constraints that aren't evaluated
CREATE TABLE public.zones (id integer PRIMARY KEY, name text);
CREATE FUNCTION public.fits(i integer, d date) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  z public.zones%ROWTYPE;
  t public.zones.name%TYPE := 'FROM public.zones';
BEGIN
  -- SELECT FROM public.zones
  z.id := i;
  RETURN z.id > 0 AND t <> '' AND extract(year FROM d) > 1900 AND i IS DISTINCT FROM 7;
END $$;
CREATE FUNCTION public.zones(i integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT i > 0';
CREATE FUNCTION public.calls(i integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT public.zones(i)';
CREATE FUNCTION public.is_zone(i integer) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM public.zones WHERE id = i)';
CREATE TABLE public.a (i integer CHECK (public.fits(i, '2020-01-01')), CHECK (public.calls(i)));
INSERT INTO public.zones VALUES (1, 'one');
INSERT INTO public.a VALUES (1);
ALTER TABLE public.a ADD CONSTRAINT later CHECK (public.is_zone(i)) NOT VALID;
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NOT public.is_zone(NEW.i) THEN RAISE ''no''; END IF; RETURN NEW; END';
CREATE TRIGGER touch BEFORE INSERT ON public.a FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TABLE public.defaults (i integer, known boolean DEFAULT public.is_zone(1));
CREATE VIEW public.checked AS SELECT i, public.is_zone(i) AS known FROM public.a;
CREATE MATERIALIZED VIEW public.filled AS SELECT i, public.is_zone(i) AS known FROM public.a;
