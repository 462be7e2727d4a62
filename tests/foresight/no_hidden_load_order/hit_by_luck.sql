-- description: it works by luck: the other table is restored earlier, the own one is empty, or no row is wanted
-- expect: warn; constraint known on public.visits; function public.is_person(integer) reads public.persons
-- expect: warn; constraint empty on public.a_queue; function public.is_person(integer) reads public.persons
-- expect: warn; constraint free on public.names; function public.is_taken(text) reads public.reserved
-- expect: warn; constraint few on public.few_rows; function public.count_few() reads public.few_rows
-- fails: no
CREATE TABLE public.persons (id integer PRIMARY KEY);
CREATE TABLE public.reserved (name text);
CREATE TABLE public.few_rows (n integer);
CREATE FUNCTION public.is_person(i integer) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM public.persons WHERE id = i)';
CREATE FUNCTION public.is_taken(t text) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM public.reserved WHERE name = t)';
CREATE FUNCTION public.count_few() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.few_rows';
CREATE TABLE public.visits (person integer CONSTRAINT known CHECK (public.is_person(person)));
CREATE TABLE public.a_queue (person integer CONSTRAINT empty CHECK (public.is_person(person)));
CREATE TABLE public.names (name text CONSTRAINT free CHECK (NOT public.is_taken(name)));
ALTER TABLE public.few_rows ADD CONSTRAINT few CHECK (public.count_few() < 3);
INSERT INTO public.persons VALUES (1);
INSERT INTO public.reserved VALUES ('root');
INSERT INTO public.visits VALUES (1);
INSERT INTO public.names VALUES ('one');
INSERT INTO public.few_rows VALUES (1), (2);
