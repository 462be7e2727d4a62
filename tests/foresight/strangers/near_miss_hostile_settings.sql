-- description: settings of the database that change what the same text means, or what a session may do
CREATE TABLE public.events (id serial PRIMARY KEY, tags text[], note text, at timestamptz, raw bytea, price money, span interval);
INSERT INTO public.events (tags, note, at, raw, price, span) VALUES
  (ARRAY['a', NULL, 'NULL'], E'back\\slash "and" ''quotes''', '2020-02-29 12:00+00', '\x00ff5c', '1234.56', '-1 mon 3 days -04:05:06'),
  ('{}', NULL, '-infinity', NULL, NULL, NULL);
CREATE INDEX ON public.events (note text_pattern_ops) WHERE note LIKE '%\_%';
CREATE VIEW public.recent AS SELECT * FROM public.events WHERE at > now() - interval '1 day' AND note = NULL;
CREATE FUNCTION public.tagged(text) RETURNS SETOF public.events LANGUAGE sql STABLE AS $$ SELECT * FROM public.events WHERE $1 = ANY (tags) AND note LIKE '%\_%' $$;
-- as: superuser
ALTER DATABASE :"database" SET default_transaction_read_only = on;
ALTER DATABASE :"database" SET statement_timeout = '1ms';
ALTER DATABASE :"database" SET lock_timeout = '1ms';
ALTER DATABASE :"database" SET idle_in_transaction_session_timeout = '1ms';
ALTER DATABASE :"database" SET standard_conforming_strings = off;
ALTER DATABASE :"database" SET escape_string_warning = off;
ALTER DATABASE :"database" SET quote_all_identifiers = on;
ALTER DATABASE :"database" SET array_nulls = off;
ALTER DATABASE :"database" SET transform_null_equals = on;
ALTER DATABASE :"database" SET bytea_output = 'escape';
ALTER DATABASE :"database" SET "DateStyle" = 'German, DMY';
ALTER DATABASE :"database" SET "IntervalStyle" = 'sql_standard';
ALTER DATABASE :"database" SET "TimeZone" = 'Asia/Kathmandu';
ALTER DATABASE :"database" SET extra_float_digits = 0;
ALTER DATABASE :"database" SET client_encoding = 'LATIN1';
ALTER DATABASE :"database" SET default_transaction_isolation = 'serializable';
ALTER DATABASE :"database" SET row_security = off;
ALTER DATABASE :"database" SET search_path = '';
ALTER DATABASE :"database" SET xmloption = 'document';
ALTER DATABASE :"database" SET enable_seqscan = off;
ALTER DATABASE :"database" SET client_min_messages = 'debug5';
