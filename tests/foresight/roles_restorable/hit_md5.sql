-- description: a role that a policy and a default privilege name has an md5 password that nobody knows
-- expect: block; role "seed_md5"; its password is stored as md5
CREATE TABLE public.plain (id integer PRIMARY KEY);
-- as: superuser
SET password_encryption = 'md5';
CREATE ROLE seed_md5 LOGIN PASSWORD 'nobody-knows';
CREATE POLICY own ON public.plain TO seed_md5 USING (id > 0);
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT ON TABLES TO seed_md5;
