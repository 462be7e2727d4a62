-- description: an event trigger that only works with a search_path, and a materialized view that is filled last
CREATE TABLE public.log (tag text);
CREATE TABLE public.source AS SELECT generate_series(1, 10) AS n;
CREATE MATERIALIZED VIEW public.filled AS SELECT sum(n) FROM public.source;
CREATE MATERIALIZED VIEW public.filled_too AS SELECT * FROM public.filled;
-- as: superuser
CREATE FUNCTION public.log_it() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (tg_tag); END $$;
CREATE EVENT TRIGGER log_it ON ddl_command_end EXECUTE FUNCTION public.log_it();
CREATE EVENT TRIGGER log_start ON ddl_command_start EXECUTE FUNCTION public.log_it();
