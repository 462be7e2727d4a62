-- description: a row outside its partition, a domain that its values break, also in an array, a generated column that would come out differently
-- expect: block; table public.low in; 1 row of public.low outside the bounds
-- expect: block; column v of public.d; breaks the domain public.even
-- expect: block; column list of public.d; breaks the domain public.even
-- expect: block; column twice of public.g; 2 rows of public.g hold something else
CREATE FUNCTION public.part(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 % 10';
CREATE TABLE public.p (id integer) PARTITION BY RANGE (public.part(id));
CREATE TABLE public.low PARTITION OF public.p FOR VALUES FROM (0) TO (5);
CREATE TABLE public.high PARTITION OF public.p FOR VALUES FROM (5) TO (10);
INSERT INTO public.p VALUES (12), (6), (3);
CREATE OR REPLACE FUNCTION public.part(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 % 7';
CREATE FUNCTION public.is_even(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END';
CREATE DOMAIN public.even AS integer CHECK (public.is_even(VALUE));
CREATE TABLE public.d (v public.even, list public.even[], w public.even);
INSERT INTO public.d VALUES (3, '{4}', 2), (2, '{5}', NULL);
CREATE OR REPLACE FUNCTION public.is_even(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 % 2 = 0; END';
CREATE FUNCTION public.factor() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2';
CREATE TABLE public.g (n integer, twice integer GENERATED ALWAYS AS (n * public.factor()) STORED, plus integer GENERATED ALWAYS AS (n + 1) STORED);
INSERT INTO public.g VALUES (1), (2), (NULL);
CREATE OR REPLACE FUNCTION public.factor() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 3';
