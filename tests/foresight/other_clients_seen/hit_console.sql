-- description: somebody at a console as the application's role
-- expect: warn; database "; 1 session as role "seed_
\setenv PGHOST 127.0.0.1
\setenv PGPORT :PORT
\setenv PGUSER :USER
\setenv PGDATABASE :DBNAME
\setenv PGAPPNAME 'psql'
\! psql -X -q -c 'SELECT pg_sleep(90)' >/dev/null 2>&1 </dev/null &
DO $$ BEGIN FOR i IN 1..200 LOOP
  PERFORM pg_stat_clear_snapshot();
  EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep(90)%');
  PERFORM pg_sleep(0.02);
END LOOP; END $$;
