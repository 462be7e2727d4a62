-- description: schemas, tables, partitions, views and functions of several roles that lend each other rights, some of which were taken back
-- as: superuser
\set one :owner '_one'
\set two :owner '_two'
CREATE ROLE :"one"; CREATE ROLE :"two" NOINHERIT; GRANT :"one" TO :"two";
CREATE SCHEMA of_one AUTHORIZATION :"one";
CREATE SCHEMA of_two AUTHORIZATION :"two";
GRANT USAGE, CREATE ON SCHEMA of_one TO :"two"; GRANT USAGE ON SCHEMA of_two TO :"one";
SET ROLE :"one";
CREATE TABLE of_one.parents (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE FUNCTION of_one.fine(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0';
GRANT SELECT ON of_one.parents TO :"two"; GRANT REFERENCES ON of_one.parents TO :"two";
RESET ROLE;
CREATE TABLE of_one.part (id int NOT NULL, name text); ALTER TABLE of_one.part OWNER TO :"two";
ALTER TABLE of_one.parents ATTACH PARTITION of_one.part FOR VALUES FROM (0) TO (100);
SET ROLE :"two";
INSERT INTO of_one.part SELECT i, 'n' || i FROM generate_series(1, 20) i;
CREATE TABLE of_two.children (id int CHECK (of_one.fine(id)), parent int REFERENCES of_one.parents, at timestamptz DEFAULT now());
INSERT INTO of_two.children SELECT i, i FROM generate_series(1, 20) i;
CREATE MATERIALIZED VIEW of_two.counted AS SELECT count(*) FROM of_one.parents;
CREATE INDEX ON of_two.children (id) WHERE of_one.fine(id);
CREATE VIEW of_two.both_of AS SELECT p.name, c.at FROM of_one.parents p JOIN of_two.children c ON c.parent = p.id;
GRANT SELECT ON of_two.both_of TO :"one" WITH GRANT OPTION;
RESET ROLE;
REVOKE CREATE ON SCHEMA of_one FROM :"two";
REVOKE EXECUTE ON FUNCTION of_one.fine(int) FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE :"one" IN SCHEMA of_one GRANT ALL ON TABLES TO :"two";
