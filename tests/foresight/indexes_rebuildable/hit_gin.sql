-- description: GIN over scalar text, and a domain with storage external
-- expect: block; index public.words; an entry over (word) of more than 2712 bytes, the largest of 3048 bytes
CREATE DOMAIN public.word AS text;
CREATE TABLE public.t (id serial PRIMARY KEY, word public.word, tags text[]);
INSERT INTO public.t (word, tags) VALUES (repeat('abc', 1012), ARRAY[repeat('abc', 1012)]);
CREATE INDEX tags ON public.t USING gin (tags);
-- as: superuser
CREATE EXTENSION btree_gin;
-- as: owner
CREATE INDEX words ON public.t USING gin (word);
ALTER TABLE public.t ALTER word SET STORAGE EXTERNAL, ALTER tags SET STORAGE EXTERNAL;
