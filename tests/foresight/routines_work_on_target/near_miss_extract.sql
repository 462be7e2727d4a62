-- description: extract() where it is converted: a cast, a variable, a function in SQL, another column
CREATE TABLE public.t (id integer PRIMARY KEY, made timestamptz);
CREATE FUNCTION public.cast_years() RETURNS TABLE (id integer, year double precision) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT t.id, EXTRACT(year FROM t.made)::double precision FROM public.t WHERE extract(month FROM t.made) = 2;
  RETURN QUERY SELECT t.id, date_part('year', t.made) FROM public.t;
END $$;
CREATE FUNCTION public.sql_years() RETURNS TABLE (year double precision) LANGUAGE sql AS 'SELECT extract(year FROM made) FROM public.t';
CREATE FUNCTION public.one_year(d timestamptz) RETURNS double precision LANGUAGE plpgsql AS 'BEGIN RETURN extract(year FROM d); END';
CREATE FUNCTION public.next_years() RETURNS SETOF double precision LANGUAGE plpgsql AS 'BEGIN RETURN NEXT extract(year FROM now()); END';
