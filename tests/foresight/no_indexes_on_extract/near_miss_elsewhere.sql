-- description: extract() in a view, a default, a check and a generated column, and indexes over what looks alike
CREATE TABLE public.t (id integer PRIMARY KEY, made timestamp, year integer DEFAULT extract(year FROM now()), month double precision GENERATED ALWAYS AS (extract(month FROM made)) STORED,
                       CHECK (extract(year FROM made) > 1900));
CREATE VIEW public.v AS SELECT extract(year FROM made) AS year FROM public.t;
CREATE INDEX by_day ON public.t (date_trunc('day', made));
CREATE INDEX by_month ON public.t (month);
CREATE FUNCTION public.date_part(text, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $2';
CREATE INDEX by_own ON public.t (public.date_part('year', id));
