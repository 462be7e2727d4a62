-- description: the storage was external from the start; a compressed value came from another table, into a partition whose index has a predicate
-- expect: block; index public.part_one_note_idx; 1 row of public.part_one makes
CREATE TABLE public.source (note text);
INSERT INTO public.source VALUES (repeat('x', 3000));
CREATE TABLE public.parts (id integer, note text, hot boolean) PARTITION BY RANGE (id);
ALTER TABLE public.parts ALTER note SET STORAGE EXTERNAL;
CREATE TABLE public.part_one PARTITION OF public.parts FOR VALUES FROM (0) TO (100);
CREATE INDEX ON public.parts (note) WHERE hot;
INSERT INTO public.parts SELECT 1, note, true FROM public.source;
INSERT INTO public.parts SELECT 2, note, false FROM public.source;
