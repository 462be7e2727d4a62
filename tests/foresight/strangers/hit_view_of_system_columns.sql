-- description: monitoring views over columns of the system that are gone
-- also: block; no_removed_builtins; view monitoring.databases; datlastsysoid
-- also: block; no_removed_builtins; view monitoring.tls; compression
-- also: warn; views_keep_columns; view monitoring.databases; its column datcollate
-- also: warn; views_keep_columns; view monitoring.databases; its column datctype
CREATE SCHEMA monitoring;
CREATE VIEW monitoring.databases AS SELECT d.*, pg_size_pretty(pg_database_size(d.oid)) AS size FROM pg_database d;
CREATE VIEW monitoring.tls AS WITH s AS (SELECT * FROM pg_stat_ssl) SELECT s.pid, s.compression FROM s WHERE s.ssl;
