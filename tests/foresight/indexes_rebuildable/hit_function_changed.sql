-- description: a function under an index gives more than it did when the index was built; what compresses well still fits
-- expect: block; index public.long_names; 1 row of public.t makes an entry over (public.label(name))
CREATE FUNCTION public.label(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION public.padded(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE public.t (id integer, name text);
INSERT INTO public.t VALUES (1, 'a'), (2, NULL);
CREATE INDEX long_names ON public.t (public.label(name));
CREATE INDEX padded_names ON public.t (public.padded(name));
CREATE OR REPLACE FUNCTION public.label(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT pg_catalog.string_agg(pg_catalog.md5($1 || n), '') FROM pg_catalog.generate_series(1, 120) n $$;
CREATE OR REPLACE FUNCTION public.padded(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT pg_catalog.repeat($1, 9000) $$;
