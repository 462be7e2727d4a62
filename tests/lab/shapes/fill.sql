-- Brings a database to its size: @tables@ tables in all (those of the shape included), of @rows@ rows each,
-- and @big_tables@ more of @big_rows@ rows. Contents come from the row number and the seed only.
SET ROLE @owner@;
CREATE SCHEMA bulk;
DO $do$
DECLARE
  present integer := (SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace >= 16384
                         OR relkind = 'r' AND relnamespace = 'public'::regnamespace);
  name text;
BEGIN
  FOR t IN 1 .. greatest(@tables@ - @big_tables@ - present, 0) + @big_tables@ LOOP
    name := format('bulk.records_%s', lpad(t::text, 3, '0'));
    EXECUTE format('CREATE TABLE %s (id bigint NOT NULL, account integer NOT NULL, amount numeric(12,2), at timestamptz NOT NULL, note text, attributes jsonb)', name);
    EXECUTE format($sql$
      INSERT INTO %s
      SELECT i, i * 7 %% 1009, i * 31 %% 100000 / 100.0, timestamptz '2020-01-01 00:00+00' + i * interval '90 seconds',
             md5((i + %s)::text) || md5(i::text), jsonb_build_object('n', i %% 100, 'tag', 'tag' || i %% 17)
        FROM generate_series(1, %s) i $sql$, name, @seed@ + t, CASE WHEN t <= @big_tables@ THEN @big_rows@ ELSE @rows@ END);
    EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (id)', name);
    EXECUTE format('CREATE INDEX ON %s (account, at)', name);
  END LOOP;
END $do$;
RESET ROLE;
