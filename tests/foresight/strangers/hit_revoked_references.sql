-- description: a foreign key whose owner may no longer refer to the other table
-- also: block; owners_keep_rights; constraint refers_id_fkey on public.refers; REFERENCES on public.base
-- as: superuser
\set other :owner '_other'
CREATE ROLE :"other";
CREATE TABLE public.base (id int PRIMARY KEY); ALTER TABLE public.base OWNER TO :"owner"; INSERT INTO public.base SELECT generate_series(1, 5);
CREATE TABLE public.refers (id int REFERENCES public.base); INSERT INTO public.refers SELECT generate_series(1, 5);
ALTER TABLE public.refers OWNER TO :"other";
