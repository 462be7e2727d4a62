-- description: aggregates, operators and operator classes of one's own that stand for themselves
CREATE TYPE public.complex AS (re float8, im float8);
CREATE FUNCTION public.abs_of(public.complex) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT sqrt($1.re * $1.re + $1.im * $1.im)';
CREATE FUNCTION public.add(public.complex, public.complex) RETURNS public.complex LANGUAGE sql IMMUTABLE AS 'SELECT ROW($1.re + $2.re, $1.im + $2.im)::public.complex';
CREATE FUNCTION public.lt(public.complex, public.complex) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT public.abs_of($1) < public.abs_of($2)';
CREATE FUNCTION public.le(public.complex, public.complex) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT public.abs_of($1) <= public.abs_of($2)';
CREATE FUNCTION public.eq(public.complex, public.complex) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT public.abs_of($1) = public.abs_of($2)';
CREATE FUNCTION public.ge(public.complex, public.complex) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT public.abs_of($1) >= public.abs_of($2)';
CREATE FUNCTION public.gt(public.complex, public.complex) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT public.abs_of($1) > public.abs_of($2)';
CREATE FUNCTION public.cmp(public.complex, public.complex) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN public.abs_of($1) < public.abs_of($2) THEN -1 WHEN public.abs_of($1) > public.abs_of($2) THEN 1 ELSE 0 END';
CREATE OPERATOR public.+ (FUNCTION = public.add, LEFTARG = public.complex, RIGHTARG = public.complex, COMMUTATOR = OPERATOR(public.+));
CREATE OPERATOR public.|<| (FUNCTION = public.lt, LEFTARG = public.complex, RIGHTARG = public.complex, COMMUTATOR = OPERATOR(public.|>|), NEGATOR = OPERATOR(public.|>=|), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR public.|<=| (FUNCTION = public.le, LEFTARG = public.complex, RIGHTARG = public.complex);
CREATE OPERATOR public.|=| (FUNCTION = public.eq, LEFTARG = public.complex, RIGHTARG = public.complex, COMMUTATOR = OPERATOR(public.|=|), MERGES);
CREATE OPERATOR public.|>=| (FUNCTION = public.ge, LEFTARG = public.complex, RIGHTARG = public.complex);
CREATE OPERATOR public.|>| (FUNCTION = public.gt, LEFTARG = public.complex, RIGHTARG = public.complex);
CREATE AGGREGATE public.sum_of(public.complex) (SFUNC = public.add, STYPE = public.complex, INITCOND = '(0,0)', COMBINEFUNC = public.add, PARALLEL = SAFE, MSFUNC = public.add, MINVFUNC = public.add, MSTYPE = public.complex, MINITCOND = '(0,0)');
CREATE AGGREGATE public.all_texts(text) (SFUNC = array_append, STYPE = text[], INITCOND = '{}');
CREATE FUNCTION public.first_of(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1';
CREATE AGGREGATE public.first(anyelement) (SFUNC = public.first_of, STYPE = anyelement, PARALLEL = SAFE);
CREATE FUNCTION public.joined(anyarray, anyarray) RETURNS anyarray LANGUAGE sql IMMUTABLE AS 'SELECT $1 || $2';
CREATE AGGREGATE public.join_all(anyarray) (SFUNC = public.joined, STYPE = anyarray, INITCOND = '{}');
CREATE FUNCTION public.array_append(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1 || $2';
CREATE AGGREGATE public.glued(text) (SFUNC = public.array_append, STYPE = text, INITCOND = '');
CREATE TABLE public.numbers (n int, c public.complex, w text);
INSERT INTO public.numbers SELECT i, ROW(i, -i)::public.complex, 'w' || i FROM generate_series(1, 100) i;
CREATE VIEW public.totals AS SELECT public.sum_of(c) AS c, public.all_texts(w) AS w, public.first(n ORDER BY n) AS f, public.join_all(ARRAY[n]) AS j FROM public.numbers;
CREATE OPERATOR public.!! (FUNCTION = public.abs_of, RIGHTARG = public.complex);
CREATE OPERATOR public.@ (FUNCTION = public.eq, LEFTARG = public.complex, RIGHTARG = public.complex);
CREATE VIEW public.uses AS SELECT !! c AS size, c OPERATOR(public.@) c AS same, @ (-5) AS absolute, ~ 5 AS inverted, '(1,1)'::point <@ '((0,0),(2,2))'::box AS inside, 'abc' ~ 'b' AS matches, NOT (n = 1) AS other FROM public.numbers;
-- as: superuser
CREATE OPERATOR FAMILY public.complexes USING btree;
CREATE OPERATOR CLASS public.complex_ops DEFAULT FOR TYPE public.complex USING btree FAMILY public.complexes AS
  OPERATOR 1 public.|<|, OPERATOR 2 public.|<=|, OPERATOR 3 public.|=|, OPERATOR 4 public.|>=|, OPERATOR 5 public.|>|, FUNCTION 1 public.cmp(public.complex, public.complex);
CREATE INDEX ON public.numbers (c);
