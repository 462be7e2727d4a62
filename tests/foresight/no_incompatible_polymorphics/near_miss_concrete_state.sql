-- description: aggregates over the same functions with concrete states, moving ones as well, and a window function's twin
CREATE AGGREGATE public.ids(integer) (SFUNC = array_append, STYPE = integer[], INITCOND = '{}',
                                      MSFUNC = array_append, MINVFUNC = array_remove, MSTYPE = integer[], MINITCOND = '{}');
CREATE AGGREGATE public.words(text[]) (SFUNC = array_cat, STYPE = text[], INITCOND = '{}');
CREATE AGGREGATE public.bucket(integer[]) (SFUNC = width_bucket, STYPE = integer, INITCOND = '0');
CREATE AGGREGATE public.largest(anyarray) (SFUNC = array_larger, STYPE = anyarray);
CREATE TABLE public.t (id integer PRIMARY KEY);
INSERT INTO public.t VALUES (1), (2);
CREATE VIEW public.v AS SELECT public.ids(id) AS ids, array_append(array_agg(id), 3) AS more, array_agg(id) || 4 AS most FROM public.t;
