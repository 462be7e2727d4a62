-- description: a report that logs in with a role of its own
-- expect: warn; database "; as role "postgres", a superuser, application "nightly report", from 127.0.0.1
-- as: superuser
\setenv PGHOST 127.0.0.1
\setenv PGPORT :PORT
\setenv PGUSER :USER
\setenv PGDATABASE :DBNAME
\setenv PGAPPNAME 'nightly report'
\! psql -X -q -c 'SELECT pg_sleep(90)' >/dev/null 2>&1 </dev/null &
DO $$ BEGIN FOR i IN 1..200 LOOP
  PERFORM pg_stat_clear_snapshot();
  EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep(90)%');
  PERFORM pg_sleep(0.02);
END LOOP; END $$;
