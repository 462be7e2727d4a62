-- description: no composite types at all
CREATE TABLE public.t (id integer);
