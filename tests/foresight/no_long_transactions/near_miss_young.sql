-- description: a transaction that has just begun, and reads
CREATE TABLE public.plain (id integer PRIMARY KEY);
\setenv PGHOST 127.0.0.1
\setenv PGPORT :PORT
\setenv PGUSER :USER
\setenv PGDATABASE :DBNAME
\setenv PGAPPNAME 'web'
\! psql -X -q -c 'BEGIN; SELECT count(*) FROM public.plain; SELECT pg_sleep(90)' >/dev/null 2>&1 </dev/null &
DO $$ BEGIN FOR i IN 1..200 LOOP
  PERFORM pg_stat_clear_snapshot();
  EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'BEGIN; SELECT count%');
  PERFORM pg_sleep(0.02);
END LOOP; END $$;
