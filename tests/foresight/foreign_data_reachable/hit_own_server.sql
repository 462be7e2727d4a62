-- description: a foreign server to a neighbour on the same server, by its address, and one without a host
-- expect: warn; foreign server "Neighbour" in; leads to database postgres of
-- expect: warn; foreign server silent in; leads to database postgres of
-- as: superuser
CREATE EXTENSION postgres_fdw;
SELECT format('CREATE SERVER "Neighbour" FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)', '127.0.0.1', current_setting('port'), 'postgres') \gexec
SELECT format('CREATE SERVER silent FOREIGN DATA WRAPPER postgres_fdw OPTIONS (port %L, dbname %L)', current_setting('port'), 'postgres') \gexec
