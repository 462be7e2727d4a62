-- description: constraints over their own row
CREATE TABLE public.t (a integer CHECK (a > 0), b integer, CHECK (a < b), c integer GENERATED ALWAYS AS (a + b) STORED);
INSERT INTO public.t VALUES (1, 2);
