-- description: functions and a procedure whose SET clause names what 15 doesn't know
-- expect: block; function public.counted() in; vacuum_cleanup_index_scale_factor
-- expect: block; function public."Odd name"(integer) in; my-app.user
-- expect: block; function public.moved() in; plpgsql.nothing
CREATE FUNCTION public.counted() RETURNS integer LANGUAGE sql SET vacuum_cleanup_index_scale_factor = 0.2 AS 'SELECT 1';
CREATE PROCEDURE public.moved() LANGUAGE plpgsql SET search_path = public AS 'BEGIN NULL; END';
-- as: superuser
CREATE FUNCTION public."Odd name"(integer) RETURNS integer LANGUAGE sql SET "my-app.user" = 'nobody' AS 'SELECT 1';
ALTER PROCEDURE public.moved() SET plpgsql.nothing = '1';
