-- description: a unique index that was built concurrently
CREATE TABLE public.plain (id integer PRIMARY KEY, k integer);
CREATE UNIQUE INDEX CONCURRENTLY once ON public.plain (k);
