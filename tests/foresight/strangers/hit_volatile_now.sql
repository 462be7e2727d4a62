-- description: functions that were immutable when an index, a computed column and a partition key were made of them, and are no longer declared so
-- also: warn; expressions_stay_immutable; index public.items_key; public.key_of(text)
-- also: block; expressions_stay_immutable; index public.items_late; public.late_of(text)
-- also: block; expressions_stay_immutable; generated column public.items.long; public.long_of(text)
CREATE FUNCTION public.key_of(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE FUNCTION public.long_of(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length($1)';
CREATE FUNCTION public.still(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length($1)';
CREATE FUNCTION public.late_of(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN length($1); END';
CREATE TABLE public.items (id serial PRIMARY KEY, name text, long int GENERATED ALWAYS AS (public.long_of(name)) STORED, CHECK (public.key_of(name) <> ''));
INSERT INTO public.items (name) VALUES ('A'), ('b');
CREATE INDEX items_key ON public.items (public.key_of(name));
CREATE INDEX items_still ON public.items (public.still(name)) WHERE public.still(name) > 0;
CREATE INDEX items_late ON public.items (public.late_of(name));
CREATE OR REPLACE FUNCTION public.late_of(text) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN length($1) + 0; END';
CREATE OR REPLACE FUNCTION public.key_of(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT lower($1)';
CREATE OR REPLACE FUNCTION public.long_of(text) RETURNS int LANGUAGE sql AS 'SELECT length($1)';
