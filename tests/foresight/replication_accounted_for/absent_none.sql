-- description: nothing is replicated or scheduled
CREATE TABLE public.entries (id integer PRIMARY KEY);
