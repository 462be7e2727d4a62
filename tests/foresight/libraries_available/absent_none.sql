-- description: functions in SQL and PL/pgSQL only
CREATE FUNCTION public.one() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
