-- description: a DROP DATABASE that was interrupted left the database invalid
-- expect: block; database "; datconnlimit -2
-- as: superuser
\set here :DBNAME
\c postgres
UPDATE pg_database SET datconnlimit = -2 WHERE datname = :'here';
