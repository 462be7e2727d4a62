-- description: row security that hides referenced rows from everybody but the reader of the check, and a function that would do harm as a superuser
CREATE TABLE public.hidden (id integer PRIMARY KEY);
CREATE TABLE public.visible (id integer REFERENCES public.hidden);
INSERT INTO public.hidden VALUES (1), (2);
INSERT INTO public.visible VALUES (1), (2);
ALTER TABLE public.hidden ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.hidden FORCE ROW LEVEL SECURITY;
CREATE POLICY nobody ON public.hidden USING (false);
CREATE FUNCTION public.only_for_tenants(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN RETURN NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user); END $$;
CREATE TABLE public.guarded (id integer CHECK (public.only_for_tenants(id)));
CREATE UNIQUE INDEX ON public.guarded (id) WHERE public.only_for_tenants(1);
INSERT INTO public.guarded VALUES (1), (2);
