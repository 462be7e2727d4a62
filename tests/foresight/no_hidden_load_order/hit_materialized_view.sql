-- description: a materialized view whose function reads another one, which is filled later
-- expect: block; materialized view public.a_summary; materialized view public.z_details is filled after public.a_summary
CREATE TABLE public.t (n integer);
CREATE MATERIALIZED VIEW public.z_details AS SELECT n FROM public.t;
CREATE FUNCTION public.details() RETURNS bigint LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT count(*) FROM public.z_details); END';
CREATE MATERIALIZED VIEW public.a_summary AS SELECT public.details() AS n;
