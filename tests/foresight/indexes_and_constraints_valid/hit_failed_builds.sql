-- description: a concurrent build that failed at a duplicate, and a unique index that is invalid and kept up to date
-- expect: warn; index public."Once"; it is invalid, on table public.plain
-- expect: warn; index public.plain_k_ccnew; keeps duplicates out
CREATE TABLE public.plain (id integer PRIMARY KEY, k integer);
INSERT INTO public.plain SELECT i, i / 2 FROM generate_series(1, 100) i;
\set ON_ERROR_STOP off
CREATE UNIQUE INDEX CONCURRENTLY "Once" ON public.plain (k);
\set ON_ERROR_STOP on
CREATE UNIQUE INDEX plain_k_ccnew ON public.plain (id, k);
-- as: superuser
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'public.plain_k_ccnew'::regclass;
