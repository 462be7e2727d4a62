-- description: roles that only a policy, a default privilege, a grant on a column or a membership names; the move makes them
CREATE TABLE public.plain (id integer PRIMARY KEY, note text);
-- as: superuser
CREATE ROLE seed_policy;
CREATE ROLE seed_default LOGIN;
CREATE ROLE seed_column LOGIN PASSWORD 'as-scram';
CREATE ROLE seed_group;
GRANT seed_group TO :"owner";
CREATE POLICY own ON public.plain TO seed_policy USING (id > 0);
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT ON TABLES TO seed_default;
GRANT SELECT (note) ON public.plain TO seed_column;
ALTER TABLE public.plain ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
