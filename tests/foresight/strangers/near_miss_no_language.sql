-- description: a database without PL/pgSQL, and with a schema public that somebody else owns
CREATE TABLE public.t (id int); INSERT INTO public.t VALUES (1);
-- as: superuser
DROP EXTENSION plpgsql;
COMMENT ON SCHEMA public IS 'not the usual one';
ALTER SCHEMA public OWNER TO :"owner";
