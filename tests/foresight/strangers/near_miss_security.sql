-- description: row security that is forced, definer's functions, column privileges, default privileges, event triggers, a role of another name
CREATE SCHEMA secured;
CREATE TABLE secured.accounts (id serial PRIMARY KEY, holder name DEFAULT current_user, balance numeric(12, 2) CHECK (balance >= 0), secret text);
INSERT INTO secured.accounts (balance, secret) SELECT i, md5(i::text) FROM generate_series(1, 50) i;
ALTER TABLE secured.accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE secured.accounts FORCE ROW LEVEL SECURITY;
CREATE FUNCTION secured.may(text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = secured, pg_temp AS $$ SELECT $1 = current_user OR $1 = current_setting('app.user', true) $$;
REVOKE ALL ON FUNCTION secured.may(text) FROM PUBLIC;
CREATE POLICY own ON secured.accounts AS PERMISSIVE FOR ALL USING (secured.may(holder)) WITH CHECK (secured.may(holder));
CREATE POLICY rich ON secured.accounts AS RESTRICTIVE FOR DELETE USING (balance < (SELECT avg(balance) FROM secured.accounts));
ALTER DEFAULT PRIVILEGES IN SCHEMA secured GRANT SELECT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
-- as: superuser
\set helper :owner '_ "helper'
CREATE ROLE :"helper" NOLOGIN;
GRANT USAGE ON SCHEMA secured TO :"helper";
GRANT SELECT (id, holder), UPDATE (secret) ON secured.accounts TO :"helper" WITH GRANT OPTION;
GRANT TEMPORARY, CONNECT ON DATABASE :"database" TO :"helper";
CREATE POLICY helper ON secured.accounts FOR SELECT TO :"helper" USING (true);
CREATE TABLE public.ddl_log (at timestamptz DEFAULT now(), tag text, object text);
CREATE FUNCTION public.log_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  FOR r IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
    INSERT INTO public.ddl_log (tag, object) VALUES (tg_tag, r.object_identity);
  END LOOP;
END $$;
CREATE EVENT TRIGGER log_ddl ON ddl_command_end EXECUTE FUNCTION public.log_ddl();
CREATE FUNCTION public.no_drop() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'nobody drops here'; END $$;
CREATE EVENT TRIGGER no_drop ON sql_drop WHEN tag IN ('DROP TABLE', 'DROP SCHEMA') EXECUTE FUNCTION public.no_drop();
CREATE MATERIALIZED VIEW public.sums AS SELECT sum(balance) FROM secured.accounts;
