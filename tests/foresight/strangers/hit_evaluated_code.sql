-- description: a routine that a trigger calls and one that an index calls, both with what is gone
-- also: block; routines_work_on_target; function public.weight(integer)
-- also: warn; routines_work_on_target; function public.on_change()
CREATE FUNCTION public.weight(n integer) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$ DECLARE r numeric; BEGIN SELECT (n % 5) ! INTO r; RETURN r; END $$;
CREATE TABLE public.items (n integer); INSERT INTO public.items SELECT generate_series(1, 20);
CREATE INDEX items_weight ON public.items (public.weight(n));
CREATE FUNCTION public.on_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF pg_is_in_backup() THEN RETURN NULL; END IF; RETURN NEW; END $$;
CREATE TRIGGER on_change BEFORE INSERT ON public.items FOR EACH ROW EXECUTE FUNCTION public.on_change();
