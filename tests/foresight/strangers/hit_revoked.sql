-- description: rights that were there when a materialized view was filled and a key was made, and are gone: both can't be made again by their owner
-- also: block; owners_keep_rights; materialized view public.filled_once; SELECT on public.base
-- as: superuser
\set other :owner '_other'
CREATE ROLE :"other";
GRANT CREATE ON SCHEMA public TO :"other";
CREATE TABLE public.base (id int PRIMARY KEY, v text); ALTER TABLE public.base OWNER TO :"owner"; INSERT INTO public.base SELECT i, 'x' FROM generate_series(1, 5) i;
GRANT SELECT, REFERENCES ON public.base TO :"other";
SET ROLE :"other";
CREATE MATERIALIZED VIEW public.filled_once AS SELECT count(*) FROM public.base;
RESET ROLE;
REVOKE SELECT ON public.base FROM :"other";
