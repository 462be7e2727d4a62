-- description: partitions and indexes by ranges of the column itself
CREATE TABLE public.parts (made timestamp) PARTITION BY RANGE (made);
CREATE TABLE public.parts_2020 PARTITION OF public.parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE INDEX ON public.parts (made);
