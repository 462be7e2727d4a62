-- description: the same function as a prefix operator, and an infix one
CREATE FUNCTION public.half(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
CREATE OPERATOR public.#!# (RIGHTARG = integer, FUNCTION = public.half);
CREATE FUNCTION public.least_of(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT least($1, $2)';
CREATE OPERATOR public.#<# (LEFTARG = integer, RIGHTARG = integer, FUNCTION = public.least_of);
