-- description: a transaction that holds a table exclusively
-- expect: warn; database "; it holds public."Plain"
CREATE TABLE public."Plain" (id integer PRIMARY KEY);
\setenv PGHOST 127.0.0.1
\setenv PGPORT :PORT
\setenv PGUSER :USER
\setenv PGDATABASE :DBNAME
\setenv PGAPPNAME 'migration'
\! psql -X -q -c 'BEGIN; LOCK TABLE public."Plain" IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(90)' >/dev/null 2>&1 </dev/null &
DO $$ BEGIN FOR i IN 1..200 LOOP
  PERFORM pg_stat_clear_snapshot();
  EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'BEGIN; LOCK TABLE%');
  PERFORM pg_sleep(0.02);
END LOOP; END $$;
-- What has just begun is not told.
SELECT pg_sleep(2.2);
