-- description: rows that were compressed when they were stored and don't fit a page any more, since the storage is plain by now
-- expect: block; table public.t; 1 row of public.t longer than 8160 bytes without compression, the largest of 12072 bytes
CREATE TABLE public.t (id serial PRIMARY KEY, body text, note text);
INSERT INTO public.t (body, note) VALUES (repeat('abc', 4012), NULL), (repeat('abc', 1000), repeat('x', 20000));
ALTER TABLE public.t ALTER body SET STORAGE PLAIN;
