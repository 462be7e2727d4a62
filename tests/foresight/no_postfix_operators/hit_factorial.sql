-- description: an operator behind its only operand, as one could define until 13
-- expect: block; operator public.#!#(integer,NONE); function public.half(integer)
CREATE FUNCTION public.half(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
CREATE OPERATOR public.#!# (LEFTARG = integer, FUNCTION = public.half);
