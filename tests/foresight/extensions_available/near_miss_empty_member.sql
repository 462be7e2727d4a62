-- description: a member table without rows
-- as: superuser
CREATE EXTENSION citext;
CREATE TABLE public.none (id integer PRIMARY KEY);
ALTER EXTENSION citext ADD TABLE public.none;
