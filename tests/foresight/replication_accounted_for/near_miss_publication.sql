-- description: a publication without subscribers, unlogged tables, and a table that is only called like a scheduler's
CREATE TABLE public.entries (id integer PRIMARY KEY);
CREATE UNLOGGED TABLE public.fleeting (id integer PRIMARY KEY);
CREATE PUBLICATION entries FOR TABLE public.entries;
CREATE SCHEMA cron;
CREATE TABLE cron.job (jobid bigint, database text);
INSERT INTO cron.job VALUES (1, current_database());
