-- description: a generated column is computed from another table's rows, and one whose function isn't even made without the table
-- expect: block; column public.lines.name; rows of public.persons are restored after
-- expect: block; column public.empty_lines.name; is made after
CREATE TABLE public.persons (id integer PRIMARY KEY, name text);
CREATE FUNCTION public.name_of(i integer) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN (SELECT name FROM public.persons WHERE id = i); END';
CREATE FUNCTION public.sql_name_of(i integer) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT name FROM public.persons WHERE id = i';
INSERT INTO public.persons VALUES (1, 'one');
CREATE TABLE public.lines (person integer, name text GENERATED ALWAYS AS (public.name_of(person)) STORED);
INSERT INTO public.lines VALUES (1);
CREATE TABLE public.empty_lines (person integer, name text GENERATED ALWAYS AS (public.sql_name_of(person)) STORED);
