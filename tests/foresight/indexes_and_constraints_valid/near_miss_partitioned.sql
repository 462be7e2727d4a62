-- description: an index of a partitioned table that one partition hasn't got, and a constraint that was never checked
CREATE TABLE public.parts (id integer, k integer) PARTITION BY RANGE (id);
CREATE TABLE public.part_1 PARTITION OF public.parts FOR VALUES FROM (0) TO (10);
CREATE INDEX parts_k ON ONLY public.parts (k);
ALTER TABLE public.part_1 ADD CONSTRAINT positive CHECK (k > 0) NOT VALID;
CREATE STATISTICS public.both ON id, k FROM public.part_1;
ALTER TABLE public.part_1 ALTER k SET STATISTICS 500;
