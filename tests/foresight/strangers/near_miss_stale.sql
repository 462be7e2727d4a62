-- description: materialized views that are old, hold the time or chance, or read what has changed since; sequences that were never used
CREATE TABLE public.n (i int); INSERT INTO public.n SELECT generate_series(1, 10);
CREATE MATERIALIZED VIEW public.moment AS SELECT now() AS at, random() AS r, txid_current() AS t;
CREATE MATERIALIZED VIEW public.old AS SELECT * FROM public.n;
CREATE MATERIALIZED VIEW public.over_old AS SELECT sum(i) FROM public.old;
INSERT INTO public.n SELECT generate_series(11, 20); DELETE FROM public.n WHERE i < 5;
CREATE SEQUENCE public.unused; CREATE SEQUENCE public.small AS smallint INCREMENT 3 START 7; SELECT setval('public.small', 10, false);
ALTER SEQUENCE public.small OWNED BY public.n.i;
