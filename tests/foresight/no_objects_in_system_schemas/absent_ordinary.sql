-- description: everything is in public
CREATE TABLE public.t (id integer);
