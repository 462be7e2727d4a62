-- description: no conversion
CREATE TABLE public.t (id integer);
