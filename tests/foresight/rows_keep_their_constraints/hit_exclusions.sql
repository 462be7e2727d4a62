-- description: rows that exclude each other, by overlap and by an equality
-- expect: block; constraint no_overlap of public.bookings; 1 pair of rows of public.bookings that exclude each other, over during
-- expect: block; constraint one_each of public.names; 1 pair of rows of public.names that exclude each other, over lower(name)
CREATE TABLE public.bookings (id serial PRIMARY KEY, during int4range, room text, CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&) WHERE (room = 'a'));
CREATE TABLE public.names (name text, CONSTRAINT one_each EXCLUDE USING hash (lower(name) WITH =));
INSERT INTO public.bookings (during, room) VALUES ('[1,5)', 'a'), ('[5,9)', 'a'), ('[1,9)', 'b'), (NULL, 'a');
INSERT INTO public.names VALUES ('a'), ('b');
-- as: superuser
UPDATE pg_class SET relhasindex = false WHERE relname IN ('bookings', 'names');
INSERT INTO public.bookings (during, room) VALUES ('[4,5)', 'a');
INSERT INTO public.names VALUES ('A');
UPDATE pg_class SET relhasindex = true WHERE relname IN ('bookings', 'names');
