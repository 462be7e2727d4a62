-- description: the aggregate that everybody copied before array_agg, and one that joins arrays
-- expect: block; aggregate public.array_accum(anyelement); SFUNC = array_append(anyarray, anyelement)
-- expect: block; aggregate public.array_cat_agg(anyarray); COMBINEFUNC = array_cat(anyarray, anyarray), SFUNC = array_cat(anyarray, anyarray)
CREATE AGGREGATE public.array_accum(anyelement) (SFUNC = array_append, STYPE = anyarray, INITCOND = '{}');
CREATE AGGREGATE public.array_cat_agg(anyarray) (SFUNC = array_cat, STYPE = anyarray, COMBINEFUNC = array_cat, INITCOND = '{}');
