-- description: columns that hold names of objects: overloaded, of an index, of a role that nothing else names, of what was dropped, of what is gone
-- also: block; stored_names_resolve; column public.registry.f; public.twice
-- also: block; stored_names_resolve; column public.registry.p; array_append
-- also: block; stored_names_resolve; column public.registry.r; _other
-- also: block; stored_names_resolve; column public.registry.what; public.registry_id
CREATE TABLE public.registry (id serial, what regclass, f regproc, p regprocedure, o regoper, op regoperator, t regtype, r regrole, n regnamespace);
CREATE FUNCTION public.twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1';
CREATE INDEX registry_id ON public.registry (id);
INSERT INTO public.registry (what, f) VALUES ('public.registry_id', 'public.twice');
INSERT INTO public.registry (p) VALUES ('array_append(anyarray, anyelement)');
CREATE FUNCTION public.twice(numeric) RETURNS numeric LANGUAGE sql AS 'SELECT 2 * $1';
INSERT INTO public.registry (what) VALUES (987654321);
-- as: superuser
\set other :owner '_other'
CREATE ROLE :"other";
INSERT INTO public.registry (r) VALUES ((SELECT oid FROM pg_roles WHERE rolname = :'other'));
