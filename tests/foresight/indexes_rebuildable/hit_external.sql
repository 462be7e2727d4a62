-- description: values were stored compressed before the column's storage became external
-- expect: block; index public.t_bar; 1 row of public.t makes an entry over (bar) of more than 2704 bytes, the largest of 3048 bytes at ctid (0,1)
CREATE TABLE public.t (id serial PRIMARY KEY, bar text);
CREATE INDEX t_bar ON public.t (bar);
INSERT INTO public.t (bar) VALUES (repeat('abc', 1012)), ('short'), (NULL);
ALTER TABLE public.t ALTER bar SET STORAGE EXTERNAL;
