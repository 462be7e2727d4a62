-- description: what needs each other: tables and functions over their rows, views and functions over the views, keys in a circle
CREATE TABLE public.t (id int PRIMARY KEY, other int, v text);
CREATE FUNCTION public.whole(public.t) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.id > 0';
ALTER TABLE public.t ADD CONSTRAINT whole CHECK (public.whole(t));
CREATE TABLE public.u (id int PRIMARY KEY, t int REFERENCES public.t);
ALTER TABLE public.t ADD FOREIGN KEY (other) REFERENCES public.u DEFERRABLE INITIALLY DEFERRED;
BEGIN; INSERT INTO public.t VALUES (1, 1, 'a'), (2, 2, 'b'); INSERT INTO public.u VALUES (1, 2), (2, 1); COMMIT;
CREATE VIEW public.v AS SELECT id, v FROM public.t;
CREATE FUNCTION public.of_v() RETURNS SETOF public.v LANGUAGE sql STABLE AS 'SELECT id, v FROM public.t';
CREATE OR REPLACE VIEW public.v AS SELECT f.id, f.v FROM (SELECT id, v FROM public.t) f WHERE EXISTS (SELECT FROM public.u);
CREATE VIEW public.over_function AS SELECT * FROM public.of_v();
CREATE FUNCTION public.default_of() RETURNS int LANGUAGE sql STABLE AS 'SELECT max(id) + 1 FROM public.t';
ALTER TABLE public.t ALTER id SET DEFAULT public.default_of();
CREATE INDEX ON public.t (public.whole(t));
CREATE TYPE public.node AS (id int); ALTER TYPE public.node ADD ATTRIBUTE next public.t;
