-- description: functions in C and internal, and a preloaded library, all of which the target has
-- as: superuser
CREATE FUNCTION public.changed() RETURNS trigger LANGUAGE c AS 'moddatetime', 'moddatetime';
CREATE FUNCTION public.managed() RETURNS trigger LANGUAGE c AS '$libdir/lo', 'lo_manage';
CREATE FUNCTION public.root(double precision) RETURNS double precision LANGUAGE internal AS 'dsqrt';
ALTER DATABASE :"database" SET session_preload_libraries = 'auto_explain', '$libdir/pg_stat_statements.so';
