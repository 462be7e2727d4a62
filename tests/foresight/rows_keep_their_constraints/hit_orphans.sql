-- description: rows whose referenced rows are gone: one column, two, MATCH FULL with half a key, a partitioned table, across schemas and odd names
-- expect: block; constraint of_author of public.books; 2 rows of public.books without a referenced row of public.authors
-- expect: block; constraint pair of public.pairs; 2 rows of public.pairs
-- expect: block; constraint spread of public.events; 1 row of public.events
-- expect: block; constraint "Odd ""key""" of "Side"."Odd table"; 1 row of
CREATE TABLE public.authors (id integer PRIMARY KEY, name text);
CREATE TABLE public.books (id serial PRIMARY KEY, author bigint CONSTRAINT of_author REFERENCES public.authors);
CREATE TABLE public.keys (a integer, b text, PRIMARY KEY (a, b));
CREATE TABLE public.pairs (a integer, b text, CONSTRAINT pair FOREIGN KEY (a, b) REFERENCES public.keys MATCH FULL);
CREATE TABLE public.events (author integer, day date, CONSTRAINT spread FOREIGN KEY (author) REFERENCES public.authors) PARTITION BY RANGE (day);
CREATE TABLE public.events_2024 PARTITION OF public.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE SCHEMA "Side";
CREATE TABLE "Side"."Odd table" ("the id" varchar(20) CONSTRAINT "Odd ""key""" REFERENCES "Side"."Odd table" ("own"), "own" varchar(30) UNIQUE);
INSERT INTO public.authors VALUES (1, 'one');
INSERT INTO public.books (author) VALUES (1), (NULL);
INSERT INTO public.keys VALUES (1, 'a');
INSERT INTO public.pairs VALUES (1, 'a'), (NULL, NULL);
INSERT INTO "Side"."Odd table" VALUES (NULL, 'x'), ('x', 'y');
-- as: superuser
SET session_replication_role = replica;
INSERT INTO public.books (author) VALUES (7), (8);
INSERT INTO public.pairs VALUES (1, NULL), (2, 'b');
INSERT INTO public.events VALUES (9, '2024-05-05');
INSERT INTO "Side"."Odd table" VALUES ('gone', 'z');
