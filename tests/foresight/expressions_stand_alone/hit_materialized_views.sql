-- description: materialized views over such functions, through a view, and one whose rows have become impossible since it was filled
-- expect: block; materialized view public.direct; relation "numbers" does not exist
-- expect: block; materialized view public.through_view; relation "numbers" does not exist
-- expect: block; materialized view public.ratio; division by zero
CREATE TABLE public.numbers (n integer);
INSERT INTO public.numbers VALUES (1), (2);
CREATE FUNCTION public.total() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT sum(n) FROM numbers';
CREATE MATERIALIZED VIEW public.direct AS SELECT public.total() AS total;
CREATE VIEW public.between_them AS SELECT n, public.total() AS total FROM public.numbers;
CREATE MATERIALIZED VIEW public.through_view AS SELECT * FROM public.between_them;
CREATE MATERIALIZED VIEW public.ratio AS SELECT 10 / n AS share FROM public.numbers;
INSERT INTO public.numbers VALUES (0);
