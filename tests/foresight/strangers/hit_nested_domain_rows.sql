-- description: values inside composites and ranges that their domain's constraint, by a function made stricter, no longer takes
-- also: block; rows_keep_their_constraints; public.prices
CREATE FUNCTION public.fine(numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 >= 0';
CREATE DOMAIN public.amount AS numeric CHECK (public.fine(VALUE));
CREATE TYPE public.price AS (value public.amount, currency text);
CREATE TABLE public.prices (id serial PRIMARY KEY, p public.price, ps public.price[]);
INSERT INTO public.prices (p, ps) VALUES (ROW(5, 'EUR'), NULL), (NULL, ARRAY[ROW(7, 'USD')::public.price]);
CREATE OR REPLACE FUNCTION public.fine(numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 >= 6';
