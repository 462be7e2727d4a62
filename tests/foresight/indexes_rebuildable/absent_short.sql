-- description: indexed columns that are short, and a long one that is not indexed
CREATE TABLE public.t (id serial PRIMARY KEY, name varchar(100) UNIQUE, body text);
ALTER TABLE public.t ALTER body SET STORAGE EXTERNAL;
INSERT INTO public.t (name, body) VALUES ('one', repeat('abc', 3000));
