-- description: a table with ordinary expressions
CREATE TABLE public.t (id bigserial PRIMARY KEY, name text NOT NULL CHECK (name <> ''), made timestamptz DEFAULT now());
CREATE VIEW public.v AS SELECT upper(name) AS name, count(*) AS n FROM public.t GROUP BY 1;
