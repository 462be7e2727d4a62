-- description: tables and indexes in the default tablespace
CREATE TABLE public.plain (id integer PRIMARY KEY);
