-- description: a database without operators of its own
CREATE TABLE public.plain (id integer PRIMARY KEY, note text);
INSERT INTO public.plain VALUES (1, 'one');
