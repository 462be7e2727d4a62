-- description: a procedural language as an extension that the target hasn't
-- expect: block; extension "pltcl"; does not offer it
-- as: superuser
CREATE EXTENSION pltcl;
CREATE FUNCTION public.one() RETURNS integer LANGUAGE pltcl AS 'return 1';
