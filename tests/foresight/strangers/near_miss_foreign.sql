-- description: foreign tables elsewhere, one of them a partition, with user mappings; publications of tables; large objects with privileges; languages
-- as: superuser
CREATE EXTENSION postgres_fdw;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'db.example.org', port '5432', dbname 'crm', fetch_size '500');
CREATE USER MAPPING FOR :"owner" SERVER elsewhere OPTIONS (user 'u', password 'p''w"');
CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (user 'v', password 'x');
GRANT USAGE ON FOREIGN SERVER elsewhere TO :"owner";
-- as: owner
CREATE FOREIGN TABLE customers (id int OPTIONS (column_name 'ident') NOT NULL, name text COLLATE "C", CHECK (id > 0)) SERVER elsewhere OPTIONS (schema_name 'public', table_name 'c');
CREATE TABLE history (at date, what text) PARTITION BY RANGE (at);
CREATE TABLE history_now PARTITION OF history FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE FOREIGN TABLE history_old PARTITION OF history FOR VALUES FROM ('2019-01-01') TO ('2020-01-01') SERVER elsewhere;
INSERT INTO history_now VALUES ('2020-02-02', 'x');
CREATE VIEW over_foreign AS SELECT * FROM customers;
CREATE PUBLICATION "some tables" FOR TABLE history_now WITH (publish = 'insert, update');
SELECT lo_from_bytea(7001, '\x0001'), lo_from_bytea(7002, decode(repeat('ab', 5000), 'hex'));
GRANT SELECT ON LARGE OBJECT 7001 TO PUBLIC; COMMENT ON LARGE OBJECT 7002 IS 'big';
CREATE UNLOGGED TABLE unlogged_one (id serial, v text); INSERT INTO unlogged_one (v) VALUES ('kept');
