-- description: the schema was dropped and made anew, as frameworks do
-- as: superuser
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
CREATE TABLE public.plain (id integer PRIMARY KEY);
