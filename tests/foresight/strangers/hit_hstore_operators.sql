-- description: views, a policy and an index over an extension's operators that its newer version no longer has
-- also: block; extensions_keep_members; view public.having_a; operator @(hstore, hstore)
-- also: block; extensions_keep_members; view public.tagged; operator @(_int4, _int4)
CREATE EXTENSION hstore;
CREATE EXTENSION intarray;
CREATE TABLE public.settings (id serial, h hstore, tags int[]);
INSERT INTO public.settings (h, tags) VALUES ('a=>1', '{1,2}');
CREATE VIEW public.having_a AS SELECT id FROM public.settings WHERE h @ 'a=>1'::hstore;
CREATE VIEW public.tagged AS SELECT id FROM public.settings WHERE tags @ '{1}'::int[];
