-- description: keys, references and checks that hold
CREATE TABLE public.a (id integer PRIMARY KEY, name text NOT NULL UNIQUE, amount integer CHECK (amount >= 0));
CREATE TABLE public.b (id serial PRIMARY KEY, a integer NOT NULL REFERENCES public.a, note text);
INSERT INTO public.a SELECT n, 'name ' || n, n FROM generate_series(1, 100) n;
INSERT INTO public.b (a, note) SELECT 1 + n % 100, md5(n::text) FROM generate_series(1, 1000) n;
