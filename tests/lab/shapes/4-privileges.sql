-- Shape 4: who may do what. Reader role and group, column grants, grant options, default privileges, row level security.
GRANT @group@ TO @reader@;
GRANT @reader@ TO @owner@ WITH ADMIN OPTION;
REVOKE CONNECT, TEMPORARY ON DATABASE @database@ FROM PUBLIC;
GRANT CONNECT ON DATABASE @database@ TO @reader@, @group@;
GRANT TEMPORARY ON DATABASE @database@ TO @reader@ WITH GRANT OPTION;
-- PUBLIC lost public here, as hardening guides for 13 and older advise; the application keeps its right by name.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO @owner@;
GRANT USAGE ON SCHEMA public TO @group@;

SET ROLE @owner@;
CREATE SCHEMA ledgers;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO @reader@;
ALTER DEFAULT PRIVILEGES IN SCHEMA ledgers GRANT SELECT, UPDATE ON SEQUENCES TO @group@;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;
CREATE TABLE ledgers.tenants (id integer PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE ledgers.postings (
    id bigserial PRIMARY KEY,
    tenant integer NOT NULL REFERENCES ledgers.tenants,
    amount numeric(12,2) NOT NULL,
    secret text,
    written_by name NOT NULL DEFAULT current_user
);
INSERT INTO ledgers.tenants SELECT i, 'tenant ' || i FROM generate_series(1, 20) i;
INSERT INTO ledgers.postings (tenant, amount, secret, written_by)
SELECT 1 + (i + @seed@) % 20, i * 1.01, md5(i::text), 'somebody' FROM generate_series(1, 2000) i;

-- FORCE: the owner sees only its rows as well. A copy or a count made as the owner would silently lose most of them.
ALTER TABLE ledgers.postings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ledgers.postings USING (tenant = coalesce(current_setting('app.tenant', true), '1')::integer);
CREATE POLICY no_negative ON ledgers.postings AS RESTRICTIVE FOR INSERT TO PUBLIC WITH CHECK (amount > 0);
CREATE POLICY readers ON ledgers.postings FOR SELECT TO @reader@, @group@ USING (amount < 1000);
ALTER TABLE ledgers.tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone ON ledgers.tenants USING (true);
COMMENT ON POLICY own_tenant ON ledgers.postings IS 'Set app.tenant first';

CREATE VIEW ledgers.totals WITH (security_barrier = true) AS SELECT tenant, sum(amount) AS total FROM ledgers.postings GROUP BY tenant;
CREATE FUNCTION ledgers.total(of_tenant integer) RETURNS numeric LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = ledgers, pg_temp AS $$ SELECT sum(amount) FROM postings WHERE tenant = of_tenant $$;
CREATE TYPE ledgers.visibility AS ENUM ('all', 'none');

GRANT USAGE ON SCHEMA ledgers TO @reader@ WITH GRANT OPTION;
GRANT SELECT (id, tenant, amount), UPDATE (amount) ON ledgers.postings TO @reader@;
GRANT SELECT ON ledgers.tenants TO PUBLIC;
GRANT SELECT ON ledgers.totals TO @group@ WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION ledgers.total(integer) TO @reader@;
GRANT USAGE ON TYPE ledgers.visibility TO @reader@;
RESET ROLE;
-- Granted on by somebody who was given the grant option: the dump must repeat it in that person's name.
SET SESSION AUTHORIZATION @reader@;
GRANT USAGE ON SCHEMA ledgers TO @group@;
RESET SESSION AUTHORIZATION;
-- Objects of the reader's in the owner's database, and one of the superuser's.
CREATE SCHEMA reports AUTHORIZATION @reader@;
SET ROLE @reader@;
CREATE TABLE reports.saved (id serial PRIMARY KEY, title text);
INSERT INTO reports.saved (title) VALUES ('monthly'), ('yearly');
RESET ROLE;
CREATE TABLE reports.owned_by_superuser (note text);
INSERT INTO reports.owned_by_superuser VALUES ('only an administrator writes here');
-- A table whose owner lost a right on it himself.
SET ROLE @owner@;
CREATE TABLE ledgers.append_only (entry text);
INSERT INTO ledgers.append_only VALUES ('first');
REVOKE UPDATE, DELETE, TRUNCATE ON ledgers.append_only FROM @owner@;
SELECT lo_from_bytea(200001, 'readable by the reader');
RESET ROLE;
DO $$ DECLARE o oid; BEGIN
  FOR o IN SELECT oid FROM pg_largeobject_metadata LOOP EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO %I', o, @reader_literal@); END LOOP;
END $$;
