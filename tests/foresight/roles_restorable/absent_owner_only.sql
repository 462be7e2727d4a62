-- description: only the owner has to do with the database
CREATE TABLE public.plain (id integer PRIMARY KEY);
