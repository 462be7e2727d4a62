-- description: a CHECK constraint, a generated column, a domain and a partition key over such functions
-- expect: block; constraint sane of public.t; relation "allowed" does not exist
-- expect: block; column twice of public.t; function times(integer) does not exist
-- expect: block; domain public.listed in column v of public.d; relation "allowed" does not exist
-- also: warn; no_hidden_load_order; constraint listed_check of domain public.listed; reads public.allowed
-- also: warn; no_hidden_load_order; constraint sane on public.t; reads public.allowed
-- expect: block; partition key public.p; function times(integer) does not exist
CREATE TABLE public.allowed (name text);
INSERT INTO public.allowed VALUES ('x');
CREATE FUNCTION public.times(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE FUNCTION public.doubled(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT times($1)';
CREATE FUNCTION public.is_allowed(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM allowed a WHERE a.name = $1); END';
CREATE TABLE public.t (n integer, name text CONSTRAINT sane CHECK (public.is_allowed(name)), twice integer GENERATED ALWAYS AS (public.doubled(n)) STORED);
INSERT INTO public.t VALUES (1, 'x');
CREATE DOMAIN public.listed AS text CHECK (public.is_allowed(VALUE));
CREATE TABLE public.d (v public.listed);
INSERT INTO public.d VALUES ('x');
CREATE TABLE public.p (n integer) PARTITION BY RANGE (public.doubled(n));
CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM (0) TO (100);
