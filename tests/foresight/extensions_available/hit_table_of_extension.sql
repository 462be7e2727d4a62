-- description: an application's table that somebody made a member of an extension: a dump leaves its rows out
-- expect: warn; table public."Mine"; member of extension "citext"
-- as: superuser
CREATE EXTENSION citext;
CREATE TABLE public."Mine" (id integer PRIMARY KEY);
INSERT INTO public."Mine" SELECT generate_series(1, 500);
ANALYZE public."Mine";
ALTER EXTENSION citext ADD TABLE public."Mine";
