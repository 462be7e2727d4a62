-- description: no transaction is open
CREATE TABLE public.plain (id integer PRIMARY KEY);
