-- description: a function that was taken out of its extension, so that a dump makes both it and the extension
-- also: block; extensions_keep_members; function public.akeys(public.hstore); taken out
CREATE EXTENSION hstore;
-- as: superuser
ALTER EXTENSION hstore DROP FUNCTION public.akeys(public.hstore);
