-- description: a scheduler in the maintenance database that runs jobs in this one
-- expect: warn; database "; pg_cron in the maintenance database
-- as: superuser
SELECT current_database() AS here \gset
\c postgres
CREATE SCHEMA IF NOT EXISTS cron;
CREATE TABLE IF NOT EXISTS cron.job (jobid bigint PRIMARY KEY, schedule text, command text, database text);
INSERT INTO cron.job VALUES (7, '* * * * *', 'SELECT 1', :'here');
