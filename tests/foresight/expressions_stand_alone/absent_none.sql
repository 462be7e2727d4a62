-- description: functions that nothing of what a restore evaluates calls
CREATE FUNCTION public.f(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
CREATE TABLE public.t (id integer PRIMARY KEY, name text);
INSERT INTO public.t VALUES (1, 'one');
CREATE INDEX ON public.t (lower(name));
