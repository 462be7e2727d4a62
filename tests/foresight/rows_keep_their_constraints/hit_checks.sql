-- description: CHECK constraints that rows break: a function changed since, a date that has passed, one that was never really checked
-- expect: block; constraint small of public.t; 2 rows of public.t break it
-- expect: block; constraint future of public.offers; 1 row of public.offers breaks it
-- expect: block; constraint positive of public.t; 1 row of public.t breaks it
CREATE FUNCTION public.allowed(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < 100';
CREATE TABLE public.t (id integer CONSTRAINT small CHECK (public.allowed(id)), amount numeric);
INSERT INTO public.t VALUES (5, 1), (50, -1), (60, NULL), (NULL, 2);
ALTER TABLE public.t ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID;
CREATE OR REPLACE FUNCTION public.allowed(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < 10';
CREATE TABLE public.offers (until timestamptz);
INSERT INTO public.offers VALUES ('2020-01-01'), ('infinity');
ALTER TABLE public.offers ADD CONSTRAINT future CHECK (until > now()) NOT VALID;
-- as: superuser
UPDATE pg_constraint SET convalidated = true WHERE conname IN ('positive', 'future');
