-- description: everybody may create in public, and a role that isn't the owner has; a dump gives that back
-- as: superuser
CREATE ROLE seed_worker;
SET ROLE seed_worker;
CREATE TABLE public.work (id integer PRIMARY KEY);
