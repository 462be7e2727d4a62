-- description: the target has a tablespace of that name
-- as: superuser
COPY (SELECT) TO PROGRAM 'cat >/dev/null; mkdir -p seed_both';
SELECT format('CREATE TABLESPACE %I LOCATION %L', 'seed_both', current_setting('data_directory') || '/seed_both') \gexec
CREATE TABLE public.plain (id integer PRIMARY KEY USING INDEX TABLESPACE seed_both) TABLESPACE seed_both;
ALTER DATABASE :"database" SET default_tablespace = seed_both;
-- as: target
COPY (SELECT) TO PROGRAM 'cat >/dev/null; mkdir -p seed_both';
SELECT format('CREATE TABLESPACE %I LOCATION %L', 'seed_both', current_setting('data_directory') || '/seed_both') \gexec
