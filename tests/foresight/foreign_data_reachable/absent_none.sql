-- description: no foreign server; the wrapper alone is there
-- as: superuser
CREATE EXTENSION postgres_fdw;
