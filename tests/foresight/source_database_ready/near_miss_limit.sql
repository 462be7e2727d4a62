-- description: a connection limit, and one session at most
CREATE TABLE public.plain (id integer PRIMARY KEY);
-- as: superuser
ALTER DATABASE :"database" CONNECTION LIMIT 5;
