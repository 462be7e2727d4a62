-- description: nobody is known who may evaluate what the tenant wrote: that is said, and is no alarm
-- login: no
CREATE FUNCTION public.f(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user) THEN RAISE 'as a superuser'; END IF; RETURN $1; END $$;
CREATE TABLE public.t (id integer CHECK (public.f(id) > 0));
INSERT INTO public.t VALUES (1);
CREATE INDEX ON public.t (public.f(id));
CREATE MATERIALIZED VIEW public.m AS SELECT public.f(id) FROM public.t;
