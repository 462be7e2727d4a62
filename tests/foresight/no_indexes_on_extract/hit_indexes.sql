-- description: indexes over extract() of three types, one in a condition, one with a cast, and a partition key
-- expect: warn; index public.by_year; date_part('year'::text, made)
-- expect: warn; index public.by_month; date_part('month'::text, day)
-- expect: warn; index public.in_may; date_part('month'::text, made)
-- expect: warn; index public.by_hour; date_part('hour'::text, span)
-- expect: warn; partition key of public.parts; date_part('year'::text, made)
CREATE TABLE public.t (id integer PRIMARY KEY, made timestamp, day date, span interval);
CREATE INDEX by_year ON public.t (extract(year FROM made));
CREATE UNIQUE INDEX by_month ON public.t (id, (extract(month FROM day)::integer));
CREATE INDEX in_may ON public.t (id) WHERE EXTRACT(month FROM made) = 5;
CREATE INDEX by_hour ON public.t (date_part('hour', span));
CREATE TABLE public.parts (made timestamp) PARTITION BY RANGE (extract(year FROM made));
CREATE TABLE public.parts_2020 PARTITION OF public.parts FOR VALUES FROM (2020) TO (2021);
