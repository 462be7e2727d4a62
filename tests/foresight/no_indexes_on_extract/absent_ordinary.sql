-- description: an index over a lower-case name
CREATE TABLE public.t (name text);
CREATE INDEX ON public.t (lower(name));
