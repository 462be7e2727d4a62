-- description: an ordinary database
CREATE TABLE public.plain (id integer PRIMARY KEY);
