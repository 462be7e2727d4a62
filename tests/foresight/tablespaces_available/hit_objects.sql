-- description: a partitioned table, an index and a table in a tablespace that the target hasn't
-- expect: block; tablespace "seed fast"; 3 objects lie in it
-- as: superuser
COPY (SELECT) TO PROGRAM 'cat >/dev/null; mkdir -p seed_fast';
SELECT format('CREATE TABLESPACE %I LOCATION %L', 'seed fast', current_setting('data_directory') || '/seed_fast') \gexec
CREATE SCHEMA "Odd";
CREATE TABLE public.parts (id integer) PARTITION BY LIST (id) TABLESPACE "seed fast";
CREATE TABLE "Odd"."Table" (id integer) TABLESPACE "seed fast";
CREATE TABLE public.plain (id integer);
CREATE INDEX plain_id ON public.plain (id) TABLESPACE "seed fast";
