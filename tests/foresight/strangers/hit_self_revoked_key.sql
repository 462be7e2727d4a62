-- description: a foreign key between tables that their owner can't read any more
-- also: block; owners_keep_rights; constraint children_id_fkey on public.children; SELECT on public.parents
CREATE TABLE public.parents (id int PRIMARY KEY); INSERT INTO public.parents SELECT generate_series(1, 9);
CREATE TABLE public.children (id int REFERENCES public.parents); INSERT INTO public.children SELECT generate_series(1, 9);
REVOKE SELECT, INSERT, UPDATE ON public.parents, public.children FROM :"owner";
