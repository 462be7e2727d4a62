-- description: nobody is connected
CREATE TABLE public.plain (id integer PRIMARY KEY);
