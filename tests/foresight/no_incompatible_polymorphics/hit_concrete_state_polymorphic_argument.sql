-- description: the state is an integer, the argument is any array
-- expect: block; aggregate public.last_bucket(anyarray); SFUNC = width_bucket(anyelement, anyarray)
CREATE AGGREGATE public.last_bucket(anyarray) (SFUNC = width_bucket, STYPE = integer, INITCOND = '0');
