-- description: operators and a conversion in views, deep in one of them
-- expect: block; view public.factorials; operator !(bigint, NONE)
-- expect: block; materialized view public.prefixed; operator !!(NONE, bigint)
-- expect: block; view public.deep; operator @(box, box)
-- expect: block; view public.middle; function point(path)
CREATE TABLE public.t (id integer PRIMARY KEY, b box, p path);
CREATE VIEW public.factorials AS SELECT id, 5! AS f FROM public.t;
CREATE MATERIALIZED VIEW public.prefixed AS SELECT !! 5::bigint AS f;
CREATE VIEW public.deep AS
  WITH chosen AS (SELECT id FROM public.t WHERE EXISTS (SELECT FROM public.t o WHERE o.b @ t.b))
  SELECT count(*) AS n FROM chosen;
CREATE VIEW public.middle AS SELECT p::point AS m FROM public.t;
