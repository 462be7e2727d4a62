-- description: a function in SQL under an index is declared stable now, and consists of what is immutable: the restore puts it in the place of its call
-- also: warn; expressions_stay_immutable; index public.items_key; public.key_of(text)
-- fails: no
CREATE FUNCTION public.key_of(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE TABLE public.items (id serial PRIMARY KEY, name text);
INSERT INTO public.items (name) VALUES ('A'), ('b');
CREATE INDEX items_key ON public.items (public.key_of(name));
CREATE OR REPLACE FUNCTION public.key_of(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT lower($1)';
