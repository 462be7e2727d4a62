-- description: defaults of columns, arguments and domains, and a rule's action, that use what is gone
-- also: block; no_removed_builtins; column public.jobs.in_backup
-- also: block; no_removed_builtins; domain public.flag
-- also: block; no_removed_builtins; rule
-- also: block; no_removed_builtins; default of an argument
CREATE TABLE public.jobs (id serial, in_backup boolean DEFAULT pg_is_in_backup(), place point, round circle);
CREATE DOMAIN public.flag AS boolean DEFAULT pg_is_in_backup();
CREATE FUNCTION public.later(a numeric DEFAULT (3 !)) RETURNS numeric LANGUAGE sql AS 'SELECT $1';
CREATE TABLE public.log (inside boolean);
CREATE RULE remember AS ON INSERT TO public.jobs DO ALSO INSERT INTO public.log VALUES (NEW.round ~ NEW.place);
