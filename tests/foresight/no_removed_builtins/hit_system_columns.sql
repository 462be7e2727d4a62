-- description: views over columns of the system that are gone, one with a star
-- expect: block; view public.encrypted; column pg_stat_ssl.compression
-- expect: block; view ops.databases; column pg_database.datlastsysoid
CREATE SCHEMA ops;
CREATE VIEW ops.databases AS SELECT d.datname, s.last FROM pg_database d JOIN (SELECT oid, datlastsysoid AS last FROM pg_database) s ON s.oid = d.oid;
CREATE VIEW public.encrypted AS SELECT * FROM pg_stat_ssl;
