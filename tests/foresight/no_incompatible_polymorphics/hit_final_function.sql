-- description: only what comes at the end is a function of the server's that changed
-- expect: block; aggregate public.without_one(anyelement); FINALFUNC = array_remove(anyarray, anyelement)
CREATE FUNCTION public.append_to(anyarray, anyelement) RETURNS anyarray LANGUAGE sql IMMUTABLE AS 'SELECT array_append($1, $2)';
CREATE AGGREGATE public.without_one(anyelement) (SFUNC = public.append_to, STYPE = anyarray, FINALFUNC = array_remove, FINALFUNC_EXTRA, INITCOND = '{}');
