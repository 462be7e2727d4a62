-- description: a domain reads a table; columns hold it straight, in an array and in a composite type
-- expect: block; constraint known of domain public.person_id; rows of public.persons are restored after
CREATE TABLE public.persons (id integer PRIMARY KEY);
CREATE FUNCTION public.is_person(i integer) RETURNS boolean LANGUAGE sql AS 'SELECT coalesce((SELECT true FROM public.persons WHERE id = i), false)';
CREATE DOMAIN public.person_id AS integer CONSTRAINT known CHECK (public.is_person(VALUE));
CREATE TYPE public.pair AS (a public.person_id, b text);
CREATE TABLE public.many (ids public.pair[]);
INSERT INTO public.persons VALUES (1);
INSERT INTO public.many VALUES (ARRAY[ROW(1, 'x')::public.pair]);
