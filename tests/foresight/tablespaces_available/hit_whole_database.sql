-- description: the database lies in a tablespace of its own, and a setting names another that the target hasn't
-- expect: warn; tablespace "seed_whole"; it is the database's own tablespace
-- expect: warn; tablespace "seed_whole"; role "
-- as: superuser
COPY (SELECT) TO PROGRAM 'cat >/dev/null; mkdir -p seed_whole';
SELECT format('CREATE TABLESPACE %I LOCATION %L', 'seed_whole', current_setting('data_directory') || '/seed_whole') \gexec
ALTER ROLE :"owner" IN DATABASE :"database" SET temp_tablespaces = 'seed_whole', 'pg_default';
\c postgres
ALTER DATABASE :"database" SET TABLESPACE seed_whole;
