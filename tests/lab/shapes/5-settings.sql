-- Shape 5: settings of the database, of roles, and of roles in this database; limits, comment, search_path.
CREATE EXTENSION hstore;
CREATE EXTENSION pgcrypto;
SET ROLE @owner@;
CREATE SCHEMA tenant;
CREATE SCHEMA "Mixed Case";
SET search_path = tenant, "Mixed Case", public;
CREATE TABLE profiles (id serial PRIMARY KEY, nick text NOT NULL, settings hstore, secret bytea);
INSERT INTO profiles (nick, settings, secret)
SELECT 'nick' || i, hstore('theme', CASE WHEN i % 2 = 0 THEN 'dark' ELSE 'light' END), digest(i::text || '@seed@', 'sha256') FROM generate_series(1, 700) i;
CREATE TABLE "Mixed Case"."Sessions" ("Id" uuid PRIMARY KEY, "ProfileId" integer REFERENCES profiles, "SeenAt" timestamp NOT NULL);
INSERT INTO "Mixed Case"."Sessions" SELECT md5('session' || i)::uuid, 1 + i % 700, timestamp '2024-02-29 12:00' + i * interval '1 minute' FROM generate_series(1, 900) i;
-- Depends on settings when it runs, not when it is made.
CREATE FUNCTION profile_count() RETURNS bigint LANGUAGE plpgsql SET work_mem = '8MB' AS $$ BEGIN RETURN (SELECT count(*) FROM profiles); END $$;
CREATE VIEW recent AS SELECT p.nick, s."SeenAt" FROM profiles p JOIN "Sessions" s ON s."ProfileId" = p.id WHERE s."SeenAt" > '2024-03-01';
RESET search_path;
RESET ROLE;

-- The database is read-only for everybody but the application's own role, so a restore that
-- sets this first fails, and a check that writes as another role does too.
ALTER DATABASE @database@ SET default_transaction_read_only = on;
ALTER ROLE @owner@ IN DATABASE @database@ SET default_transaction_read_only = off;
ALTER DATABASE @database@ SET work_mem = '7MB';
ALTER DATABASE @database@ SET search_path = tenant, "Mixed Case", public;
ALTER DATABASE @database@ SET "TimeZone" = 'Europe/Vienna';
ALTER DATABASE @database@ SET datestyle = 'German, DMY';
ALTER DATABASE @database@ SET intervalstyle = 'iso_8601';
ALTER DATABASE @database@ SET bytea_output = 'escape';
ALTER DATABASE @database@ SET extra_float_digits = 0;
ALTER DATABASE @database@ SET standard_conforming_strings = off;
ALTER DATABASE @database@ SET custom.greeting = 'it''s "me", \ and 🚀';
ALTER DATABASE @database@ CONNECTION LIMIT 60;
COMMENT ON DATABASE @database@ IS 'Settings of all kinds; it''s read-only by default';
ALTER ROLE @owner@ SET statement_timeout = '10min';
ALTER ROLE @owner@ SET lock_timeout = '30s';
ALTER ROLE @owner@ IN DATABASE @database@ SET random_page_cost = 1.1;
ALTER ROLE @owner@ CONNECTION LIMIT 40;
COMMENT ON ROLE @owner@ IS 'The application''s own role';
ALTER ROLE @reader@ IN DATABASE @database@ SET search_path = '', tenant;
ALTER ROLE @reader@ VALID UNTIL '2099-12-31 00:00+00';
ALTER ROLE ALL IN DATABASE @database@ SET idle_in_transaction_session_timeout = '15min';
GRANT CREATE ON DATABASE @database@ TO @reader@;
