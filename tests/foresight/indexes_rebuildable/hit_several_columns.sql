-- description: no column alone is too long, key and INCLUDE columns together are; document, array and a gist index, too
-- expect: block; index public.together; 2 rows of public.t make an entry over (id, a, b)
-- expect: block; index public.documents; makes an entry over (j)
-- expect: block; index public.numbers; 1 row of public.n makes an entry over (list)
-- expect: block; index public.places; of more than 8152 bytes, the largest of 9104 bytes
CREATE TABLE public.t (id bigserial PRIMARY KEY, a text, b bytea);
CREATE UNIQUE INDEX together ON public.t (id) INCLUDE (a, b);
INSERT INTO public.t (a, b) SELECT repeat('abc', 500), decode(repeat('00', 1300), 'hex') FROM generate_series(1, 2);
INSERT INTO public.t (a, b) VALUES (repeat('abc', 400), decode(repeat('00', 1300), 'hex'));
ALTER TABLE public.t ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL;
CREATE TABLE public.d (j jsonb);
CREATE INDEX documents ON public.d (j);
INSERT INTO public.d VALUES (jsonb_build_object('a', repeat('abc', 1012)));
ALTER TABLE public.d ALTER j SET STORAGE EXTERNAL;
CREATE TABLE public.n (list integer[]);
CREATE INDEX numbers ON public.n (list);
INSERT INTO public.n VALUES (array_fill(7, ARRAY[900])), (ARRAY[[1, 2], [3, 4]]), ('{}'), (NULL);
ALTER TABLE public.n ALTER list SET STORAGE PLAIN;
CREATE TABLE public.g (p point, note text);
CREATE INDEX places ON public.g USING gist (p) INCLUDE (note);
INSERT INTO public.g VALUES ('(1,2)', repeat('abc', 3020));
ALTER TABLE public.g ALTER note SET STORAGE EXTERNAL;
