-- description: functions in C that belong to extensions, and functions in SQL called like libraries
-- as: superuser
CREATE EXTENSION xml2;
CREATE EXTENSION citext;
CREATE FUNCTION public."$libdir/pltcl"() RETURNS integer LANGUAGE sql AS 'SELECT 1';
