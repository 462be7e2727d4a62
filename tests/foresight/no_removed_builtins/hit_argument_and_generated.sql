-- description: the default of an argument, and a generated column
-- expect: block; default of an argument of public.g(numeric); operator !(bigint, NONE)
-- expect: block; column public.t.f; function numeric_fac(bigint)
CREATE FUNCTION public.g(n numeric DEFAULT 3 !) RETURNS numeric LANGUAGE sql AS 'SELECT n';
CREATE TABLE public.t (id bigint, f numeric GENERATED ALWAYS AS (numeric_fac(id)) STORED);
