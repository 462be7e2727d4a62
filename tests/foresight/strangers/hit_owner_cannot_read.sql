-- description: an owner who took everything from himself, with a key and a view over it
-- also: block; owners_keep_rights; materialized view public.m
CREATE TABLE public.parents (id int PRIMARY KEY); INSERT INTO public.parents SELECT generate_series(1, 9);
CREATE MATERIALIZED VIEW public.m AS SELECT count(*) FROM public.parents;
REVOKE SELECT ON public.parents FROM :"owner";
