-- description: each row wants the one before it
-- expect: block; constraint chained on public.chain; don't see each other
CREATE TABLE public.chain (n integer PRIMARY KEY);
INSERT INTO public.chain VALUES (1), (2);
CREATE FUNCTION public.has_former(i integer) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN i = 1 OR EXISTS (SELECT FROM public.chain WHERE n = i - 1); END';
ALTER TABLE public.chain ADD CONSTRAINT chained CHECK (public.has_former(n));
