-- description: no extension but plpgsql
CREATE TABLE public.plain (id integer PRIMARY KEY);
