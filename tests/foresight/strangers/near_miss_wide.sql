-- description: many columns, dropped ones among them, long values kept outside and inside, compressed and not, in tables whose storage is mixed
SELECT format('CREATE TABLE wide (%s)', string_agg(format('c%s %s', i, CASE i % 4 WHEN 0 THEN 'int' WHEN 1 THEN 'text' WHEN 2 THEN 'boolean' ELSE 'numeric' END), ', ')) FROM generate_series(1, 900) i \gexec
INSERT INTO wide (c1, c4, c899) VALUES ('first', 4, 5);
SELECT format('INSERT INTO wide (%s) SELECT %s', string_agg('c' || i, ','), string_agg(CASE i % 4 WHEN 0 THEN '7' WHEN 1 THEN '''v''' WHEN 2 THEN 'true' ELSE '1.5' END, ',')) FROM generate_series(1, 900) i \gexec
ALTER TABLE wide DROP c2, DROP c5, DROP c899;
CREATE TABLE long_ones (id serial PRIMARY KEY, a text, b text, c bytea, d jsonb);
ALTER TABLE long_ones ALTER a SET STORAGE external, ALTER b SET STORAGE main;
INSERT INTO long_ones (a, b, c, d) SELECT repeat('ab', 40000), repeat('x', 100000), decode(repeat('00', 100000), 'hex'), jsonb_build_object('k', repeat('y', 50000));
INSERT INTO long_ones (a) SELECT string_agg(md5(i::text), '') FROM generate_series(1, 5000) i;
CREATE INDEX ON long_ones (md5(a)); CREATE INDEX ON long_ones (left(b, 100)); CREATE INDEX ON long_ones (b); CREATE INDEX ON long_ones USING hash (a); CREATE INDEX ON long_ones USING gin (d jsonb_path_ops);
CREATE TABLE target_of (t text) WITH (toast_tuple_target = 256); INSERT INTO target_of SELECT repeat('q', 2000);
