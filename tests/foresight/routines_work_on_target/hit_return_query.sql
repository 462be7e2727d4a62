-- description: extract() as the column of a query that must give double precision
-- expect: warn; function public.years(); returns extract()
-- expect: warn; function public.hours(); returns extract()
CREATE TABLE public.t (id integer PRIMARY KEY, made timestamptz);
CREATE FUNCTION public.years() RETURNS TABLE (id integer, year double precision) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT t.id, EXTRACT(year FROM t.made) AS year FROM public.t;
END $$;
CREATE FUNCTION public.hours() RETURNS SETOF double precision LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY (SELECT extract(epoch FROM made) / 3600 FROM public.t);
END $$;
