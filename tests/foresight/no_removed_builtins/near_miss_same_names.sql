-- description: the same names for other types, what took their place, and columns beside the removed ones
CREATE TABLE public.t (id integer PRIMARY KEY, b box, area polygon, c circle, words tsquery, note text, CHECK (@ id >= 0), CHECK (note ~ '^[a-z]'));
CREATE VIEW public.v AS SELECT factorial(5) AS f, @ id AS size, !! words AS other, b <@ b AS inside, area @> point '(1,1)' AS holds, note !~ 'x' AS clean,
                               array_append(ARRAY[id], 2) AS a, ARRAY[id] || 3 AS b2, width_bucket(id, ARRAY[1, 5]) AS w, lag(id, 1, 2) OVER () AS l FROM public.t;
CREATE VIEW public.encrypted AS SELECT pid, ssl, version FROM pg_stat_ssl;
CREATE VIEW public.databases AS SELECT datname, datallowconn FROM pg_database;
CREATE VIEW public.ends AS SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity WHERE false;
