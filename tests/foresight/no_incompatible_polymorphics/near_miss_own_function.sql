-- description: over functions of its own that call the changed ones, which is the remedy
CREATE FUNCTION public.append_to(anyarray, anyelement) RETURNS anyarray LANGUAGE sql IMMUTABLE AS 'SELECT array_append($1, $2)';
CREATE AGGREGATE public.array_accum(anyelement) (SFUNC = public.append_to, STYPE = anyarray, INITCOND = '{}');
CREATE OPERATOR public.+> (LEFTARG = anyarray, RIGHTARG = anyelement, FUNCTION = public.append_to);
