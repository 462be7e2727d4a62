-- description: a foreign table that reads a file which isn't on the target's host
-- expect: warn; foreign table public."List"; /srv/no/such/list.csv
-- as: superuser
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE public."List" (line text) SERVER files OPTIONS (filename '/srv/no/such/list.csv');
CREATE FOREIGN TABLE public.there (line text) SERVER files OPTIONS (filename '/etc/passwd');
