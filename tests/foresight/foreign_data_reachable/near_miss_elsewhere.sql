-- description: a foreign server on another host, one on another port of this one, and a file that is there
-- as: superuser
CREATE EXTENSION postgres_fdw;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'dwh.invalid', port '5432', dbname 'dwh');
CREATE SERVER other_port FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1', dbname 'postgres');
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE public.there (line text) SERVER files OPTIONS (filename '/etc/passwd');
