-- description: an archive that its owner may only read: writing was taken from him, keys and views are there
CREATE TABLE public.parents (id int PRIMARY KEY); INSERT INTO public.parents SELECT generate_series(1, 9);
CREATE TABLE public.children (id serial PRIMARY KEY, parent int REFERENCES public.parents, v text CHECK (v <> '')); INSERT INTO public.children (parent, v) SELECT i, 'x' FROM generate_series(1, 9) i;
CREATE MATERIALIZED VIEW public.m AS SELECT count(*) FROM public.children;
CREATE INDEX ON public.children (lower(v));
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON public.parents, public.children FROM :"owner";
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- as: superuser
REVOKE CREATE ON SCHEMA public FROM PUBLIC; REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
