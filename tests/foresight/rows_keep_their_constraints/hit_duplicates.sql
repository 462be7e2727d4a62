-- description: indexes that say unique over rows that aren't: rows that an index never saw, a column, an expression, a predicate, text under a case-insensitive sort order
-- expect: block; index public.mails; 1 key of public.t in more than one row, over (mail)
-- expect: block; index public.lowered; 3 keys of public.t
-- expect: block; index public.active; 2 keys of public.t
-- expect: block; index public.keyed_pkey; 2 keys of public.keyed
-- expect: block; index public.folded; 1 key of public.f
CREATE TABLE public.t (id serial PRIMARY KEY, mail text, state text, code integer);
CREATE INDEX mails ON public.t (mail);
CREATE INDEX lowered ON public.t (lower(state));
CREATE INDEX active ON public.t (code, state) WHERE id > 2;
INSERT INTO public.t (mail, state, code) VALUES ('a@example.org', 'New', 1), ('a@example.org', 'nEw', 1), (NULL, NULL, 2), (NULL, NULL, 2),
  ('b', 'old', 3), ('c', 'off', 3), ('d', 'Off', 4), ('e', 'Off', 4), ('f', 'off', 3);
UPDATE public.t SET state = 'x' || id WHERE state = 'old';
UPDATE public.t SET state = 'y' || id WHERE mail IN ('c', 'd', 'e', 'f');
UPDATE public.t SET code = 5, state = 'same' WHERE mail IN ('c', 'f');
UPDATE public.t SET code = 6, state = 'same2' WHERE mail IN ('d', 'e');
UPDATE public.t SET state = 'changed' || id WHERE mail IS NULL;
CREATE COLLATION public.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE public.f (word text COLLATE public.any_case);
CREATE INDEX folded ON public.f (word);
INSERT INTO public.f VALUES ('Straw'), ('straw'), ('hay');
CREATE TABLE public.keyed (id bigint PRIMARY KEY, note text);
INSERT INTO public.keyed SELECT n, 'note ' || n FROM generate_series(1, 1000) n;
-- as: superuser
UPDATE pg_class SET relhasindex = false WHERE relname = 'keyed';
INSERT INTO public.keyed VALUES (7, 'again'), (7, 'and again'), (1000, 'again'), (1001, 'new');
UPDATE pg_class SET relhasindex = true WHERE relname = 'keyed';
UPDATE pg_index SET indisunique = true WHERE indexrelid::regclass::text IN ('mails', 'lowered', 'active', 'folded');
