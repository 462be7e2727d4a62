-- description: everything in it is the administrator's: partitions, checks, computed columns, keys, materialized views over each other, domains
-- as: superuser
CREATE SCHEMA app;
CREATE FUNCTION app.fine(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 > 0; END';
CREATE DOMAIN app.positive AS int CHECK (app.fine(VALUE));
CREATE TABLE app.t (id app.positive, k int, d int GENERATED ALWAYS AS (k * 2) STORED, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE app.t_1 PARTITION OF app.t FOR VALUES FROM (1) TO (50); CREATE TABLE app.t_2 PARTITION OF app.t DEFAULT;
INSERT INTO app.t (id, k) SELECT i, i FROM generate_series(1, 99) i;
CREATE TABLE app.r (id int REFERENCES app.t); INSERT INTO app.r SELECT generate_series(1, 9);
CREATE MATERIALIZED VIEW app.m AS SELECT count(*) AS n FROM app.t; CREATE MATERIALIZED VIEW app.a AS SELECT n + 1 AS n FROM app.m; CREATE UNIQUE INDEX ON app.a (n);
CREATE INDEX ON app.t (app.fine(k));
CREATE PUBLICATION all_of_it FOR ALL TABLES;
GRANT USAGE ON SCHEMA app TO :"owner"; GRANT SELECT ON ALL TABLES IN SCHEMA app TO :"owner";
-- as: owner
CREATE MATERIALIZED VIEW public.of_owner AS SELECT sum(n) FROM app.a;
-- as: superuser
CREATE MATERIALIZED VIEW app.over_owner AS SELECT * FROM public.of_owner;
