-- description: a tablespace that the target hasn't and that nothing of this database lies in
-- as: superuser
COPY (SELECT) TO PROGRAM 'cat >/dev/null; mkdir -p seed_empty';
SELECT format('CREATE TABLESPACE %I LOCATION %L', 'seed_empty', current_setting('data_directory') || '/seed_empty') \gexec
CREATE TABLE public.moved (id integer PRIMARY KEY) TABLESPACE seed_empty;
ALTER TABLE public.moved SET TABLESPACE pg_default;
