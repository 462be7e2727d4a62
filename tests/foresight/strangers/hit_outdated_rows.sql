-- description: rows that were right when they were written: a check against the clock in a domain of a composite of an array, a function made stricter, a computed column made from another rule
-- also: block; rows_keep_their_constraints; column seen of public.visits
-- also: block; rows_keep_their_constraints; constraint ages_age_check of public.ages
CREATE DOMAIN recent AS date CHECK (VALUE > CURRENT_DATE - 30);
CREATE TYPE visit AS (person text, at recent);
CREATE TABLE visits (id serial PRIMARY KEY, seen visit[]);
CREATE FUNCTION plausible(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < 100';
CREATE TABLE ages (id serial PRIMARY KEY, age int CHECK (plausible(age)));
INSERT INTO ages (age) VALUES (10), (90);
CREATE OR REPLACE FUNCTION plausible(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < 80';
-- as: superuser
ALTER DOMAIN recent DROP CONSTRAINT recent_check;
INSERT INTO visits (seen) VALUES (ARRAY[ROW('a', '2001-01-01')::visit]);
ALTER DOMAIN recent ADD CONSTRAINT recent_check CHECK (VALUE > CURRENT_DATE - 30) NOT VALID;
UPDATE pg_constraint SET convalidated = true WHERE conname = 'recent_check';
