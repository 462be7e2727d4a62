-- description: no schema of that name at all
-- expect: block; schema public in database; there is none
-- as: superuser
DROP SCHEMA public;
CREATE SCHEMA app;
CREATE TABLE app.plain (id integer PRIMARY KEY);
