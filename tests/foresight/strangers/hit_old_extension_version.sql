-- description: an extension that was never updated, with a view over a column that its newer version calls otherwise
-- also: block; extensions_keep_members; view stats.slowest; total_time
-- as: superuser
CREATE SCHEMA stats;
CREATE EXTENSION pg_stat_statements SCHEMA stats VERSION '1.7';
CREATE VIEW stats.slowest AS SELECT query, calls, total_time FROM stats.pg_stat_statements ORDER BY total_time DESC LIMIT 20;
