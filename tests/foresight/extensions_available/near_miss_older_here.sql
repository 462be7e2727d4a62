-- description: extensions in older versions than the target's, in a schema of their own
CREATE SCHEMA ext;
CREATE EXTENSION citext VERSION '1.5' SCHEMA ext;
CREATE EXTENSION hstore WITH SCHEMA ext VERSION '1.4';
CREATE TABLE public.words (word ext.citext PRIMARY KEY, more ext.hstore);
-- as: superuser
CREATE EXTENSION pg_stat_statements VERSION '1.7';
CREATE EXTENSION adminpack;
CREATE EXTENSION earthdistance CASCADE;
