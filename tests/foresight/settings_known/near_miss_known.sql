-- description: settings of every kind that both versions take
CREATE FUNCTION public.counted() RETURNS integer LANGUAGE sql SET DateStyle = 'German, DMY' SET search_path = nowhere, "My schema" AS 'SELECT 1';
ALTER DATABASE :"database" SET TimeZone = 'America/Argentina/Buenos_Aires';
ALTER DATABASE :"database" SET client_min_messages = 'warning';
ALTER DATABASE :"database" SET password_encryption = 'md5';
ALTER DATABASE :"database" SET search_path = nowhere, public;
ALTER ROLE :"owner" IN DATABASE :"database" SET default_with_oids = off;
ALTER ROLE :"owner" SET statement_timeout = '5min';
-- as: superuser
ALTER DATABASE :"database" SET "app.käse" = 'a';
ALTER DATABASE :"database" SET app.two.parts$1 = '{"a=b": 1}';
ALTER DATABASE :"database" SET plpgsql.extra_warnings = 'all';
ALTER DATABASE :"database" SET wal_compression = on;
ALTER DATABASE :"database" SET lc_messages = 'C';
