-- description: what an extension defines over removed things comes with the extension
-- as: superuser
CREATE EXTENSION intarray;
CREATE EXTENSION cube;
-- as: owner
CREATE TABLE public.t (a integer[]);
CREATE VIEW public.v AS SELECT a && ARRAY[1] AS shared FROM public.t;
