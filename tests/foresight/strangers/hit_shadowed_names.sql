-- description: functions of one's own whose names the new version gives to functions of the system, called by their bare names
-- also: warn; no_shadowed_names; function public.regexp_count(text, text)
-- also: warn; no_shadowed_names; function public.bit_count(bytea)
CREATE FUNCTION public.regexp_count(text, text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT -1 $$;
CREATE FUNCTION public.bit_count(bytea) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT length($1)::bigint $$;
CREATE FUNCTION public.counts(text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN regexp_count($1, 'a'); END $$;
