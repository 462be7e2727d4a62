-- description: such columns cast, looked at, combined with what decides on the type, and made into something else
CREATE TABLE public.sites (id integer PRIMARY KEY, place name, note text);
CREATE VIEW public.v_union AS SELECT datname AS x FROM pg_database UNION SELECT datcollate FROM pg_database;
CREATE VIEW public.v_coalesce AS SELECT COALESCE(s.place, d.datcollate) AS place FROM public.sites s LEFT JOIN pg_database d ON d.oid = s.id::oid;
CREATE VIEW public.v_case AS SELECT CASE WHEN d.datallowconn THEN d.datctype ELSE 'none' END AS c FROM pg_database d;
CREATE VIEW public.v_concat AS SELECT array_agg(datname) || array_agg(datcollate) AS c FROM pg_database;
CREATE VIEW public.v_intersect AS SELECT 'a'::name AS x UNION ALL (SELECT datname FROM pg_database INTERSECT SELECT datcollate FROM pg_database);
CREATE VIEW public.v_cast AS SELECT datname, datcollate::text, datctype::varchar(20) AS v FROM pg_database;
CREATE VIEW public.v_where AS SELECT datname FROM pg_database WHERE datcollate = 'C' ORDER BY datctype;
CREATE VIEW public.v_text AS SELECT lower(datcollate) AS l, datcollate || '!' AS b, max(datcollate) AS m, datcollate IN ('C', 'POSIX') AS is_c, length(datctype) AS n, string_agg(datctype, ',') AS s FROM pg_database GROUP BY datcollate, datctype;
CREATE VIEW public.w_case AS SELECT CASE datcollate WHEN 'C' THEN datname ELSE 'x' END AS c, CASE WHEN datcollate = 'C' THEN datname END AS d FROM pg_database;
CREATE VIEW public.v_exists AS SELECT d.datname, EXISTS (SELECT c.collcollate FROM pg_collation c) AS e, (SELECT count(c.collcollate) FROM pg_collation c) AS n FROM pg_database d;
CREATE VIEW public.v_json AS SELECT json_agg(datcollate) AS j, to_jsonb(d) AS r, row_to_json(d) AS w, d AS whole FROM pg_database d GROUP BY d.*;
CREATE VIEW public.v_sub AS SELECT s.n FROM (SELECT datname AS n, datcollate AS c FROM pg_database) s WHERE s.c = 'C';
CREATE VIEW public.v_name AS SELECT datcollate::text::name AS c FROM pg_database;
CREATE VIEW public.v_filter AS SELECT array_agg(datname ORDER BY datcollate) FILTER (WHERE datctype = 'C') AS a, first_value(datname) OVER (PARTITION BY datcollate) AS f FROM pg_database GROUP BY datname, datcollate;
CREATE TABLE public.copy AS SELECT datname, datcollate FROM pg_database;
CREATE RULE noted AS ON INSERT TO public.sites DO ALSO INSERT INTO public.copy SELECT datname, datcollate FROM pg_database;
CREATE FUNCTION public.locale() RETURNS name LANGUAGE sql STABLE AS 'SELECT datcollate FROM pg_database WHERE datname = current_database()';
