-- description: settings of the owner that make him somebody else, slow or read-only
CREATE TABLE public.t (id int PRIMARY KEY, v text CHECK (v <> '')); INSERT INTO public.t VALUES (1, 'x');
CREATE FUNCTION public.f(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE INDEX ON public.t (public.f(v));
-- as: superuser
\set other :owner '_other'
CREATE ROLE :"other"; GRANT :"other" TO :"owner";
ALTER ROLE :"owner" IN DATABASE :"database" SET role = :"other";
ALTER ROLE :"owner" SET statement_timeout = '1ms';
ALTER ROLE :"owner" SET default_transaction_read_only = on;
ALTER ROLE :"owner" SET search_path = 'nowhere';
ALTER ROLE :"owner" CONNECTION LIMIT 2;
