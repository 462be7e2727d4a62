-- description: views over columns of the system that are the same on both
CREATE VIEW public.databases AS SELECT datname, encoding, datacl FROM pg_database;
CREATE VIEW public.sessions AS SELECT pid, state, query FROM pg_stat_activity;
