-- description: no schema of that name at all
-- as: superuser
DROP SCHEMA public;
CREATE SCHEMA app;
CREATE TABLE app.plain (id integer PRIMARY KEY);
