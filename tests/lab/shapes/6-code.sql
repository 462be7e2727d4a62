-- Shape 6: code that runs by itself (triggers, event trigger, rules), functions of all kinds, and large objects.
-- Loading data while these triggers exist changes the data: each row would be stamped and counted again.
SET ROLE @owner@;
CREATE SCHEMA app;
CREATE TABLE app.documents (id serial PRIMARY KEY, title text NOT NULL, revision integer NOT NULL DEFAULT 1, stamped_at timestamptz, content oid);
CREATE TABLE app.audit (id bigserial PRIMARY KEY, what text NOT NULL, detail text);
CREATE TABLE app.counters (name text PRIMARY KEY, value bigint NOT NULL);
INSERT INTO app.counters VALUES ('documents', 0);

CREATE FUNCTION app.stamp() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  NEW.revision := NEW.revision + 1;
  NEW.stamped_at := timestamptz '2024-01-01 00:00+00' + NEW.id * interval '1 minute';
  RETURN NEW;
END $body$;
CREATE FUNCTION app.count_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO app.audit (what, detail) VALUES (TG_OP, TG_TABLE_NAME);
  UPDATE app.counters SET value = value + 1 WHERE name = TG_ARGV[0];
  RETURN NULL;
END $$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE OF title ON app.documents FOR EACH ROW WHEN (NEW.title <> 'raw') EXECUTE FUNCTION app.stamp();
CREATE TRIGGER count_up AFTER INSERT ON app.documents REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION app.count_up('documents');
CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON app.counters DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.value < 0) EXECUTE FUNCTION app.count_up('x');
CREATE TRIGGER always_on AFTER DELETE ON app.audit FOR EACH ROW EXECUTE FUNCTION app.count_up('audit');
CREATE TRIGGER switched_off BEFORE INSERT ON app.audit FOR EACH ROW EXECUTE FUNCTION app.stamp();
ALTER TABLE app.audit ENABLE ALWAYS TRIGGER always_on, DISABLE TRIGGER switched_off;
INSERT INTO app.documents (title) SELECT 'Document ' || i FROM generate_series(1, 600) i;

-- Large objects: empty, small, of several pages; with comment and reference from a row.
UPDATE app.documents SET content = lo_from_bytea(200000 + id, decode(repeat(md5(id::text), 200 * (id % 4)), 'hex')) WHERE id <= 40;
DO $$ DECLARE o oid; BEGIN
  SELECT content INTO o FROM app.documents WHERE id = 3;
  EXECUTE format('COMMENT ON LARGE OBJECT %s IS %L', o, 'the scan''s first page');
  EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO PUBLIC', o);
  PERFORM lo_put(o, 5000, 'written in the middle'), lo_from_bytea(300000, '');
END $$;

CREATE FUNCTION app.add(a integer, b integer DEFAULT 2, OUT total integer, OUT note text) LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5 AS 'SELECT a + b, ''sum''';
CREATE FUNCTION app.many(VARIADIC parts text[]) RETURNS SETOF text LANGUAGE sql ROWS 7 AS $$ SELECT unnest(parts) $$;
CREATE FUNCTION app.listing() RETURNS TABLE (title text, size bigint) LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN QUERY SELECT d.title, length(d.title)::bigint FROM app.documents d; END $$;
CREATE FUNCTION app.anything(anyelement) RETURNS anyarray LANGUAGE sql AS $$ SELECT ARRAY[$1] $$;
CREATE PROCEDURE app.tidy(INOUT removed bigint DEFAULT 0) LANGUAGE plpgsql AS $$ BEGIN DELETE FROM app.audit WHERE false; COMMIT; END $$;
-- A function that does not compile any more: it refers to what is gone. Restoring must not validate bodies.
CREATE TABLE app.gone (id integer);
CREATE FUNCTION app.broken() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM app.gone';
DROP TABLE app.gone;
CREATE AGGREGATE app.product(double precision) (SFUNC = float8mul, STYPE = double precision, INITCOND = '1');
CREATE FUNCTION app.same_initial(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT left($1, 1) = left($2, 1) $$;
CREATE OPERATOR app.~~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = app.same_initial, COMMUTATOR = OPERATOR(app.~~~));
CREATE FUNCTION app.is_title(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1 ~ '^[A-Z]'; END $$;
ALTER TABLE app.documents ADD CONSTRAINT title_case CHECK (app.is_title(title));
CREATE INDEX documents_initial_idx ON app.documents ((left(title, 1)), (length(title)));

CREATE VIEW app.editable AS SELECT id, title FROM app.documents;
CREATE RULE write_through AS ON DELETE TO app.editable DO INSTEAD UPDATE app.documents SET title = 'Deleted' WHERE id = OLD.id;
CREATE RULE keep_one AS ON DELETE TO app.counters WHERE OLD.name = 'documents' DO INSTEAD NOTHING;
CREATE FUNCTION app.on_view() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO app.documents (title) VALUES (NEW.title); RETURN NEW; END $$;
CREATE TRIGGER on_view INSTEAD OF INSERT ON app.editable FOR EACH ROW EXECUTE FUNCTION app.on_view();
COMMENT ON FUNCTION app.add(integer, integer) IS 'Adds';
COMMENT ON TRIGGER stamp ON app.documents IS 'Every new title is a new revision';
COMMENT ON RULE keep_one ON app.counters IS 'The counter of documents stays';
RESET ROLE;

-- Only a superuser may own one. It writes at every DDL statement, a restore's included.
CREATE FUNCTION app.note_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN INSERT INTO app.audit (what, detail) VALUES ('ddl', tg_tag); END $$;
CREATE EVENT TRIGGER note_ddl ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'CREATE INDEX') EXECUTE FUNCTION app.note_ddl();
COMMENT ON EVENT TRIGGER note_ddl IS 'Who changed the schema';
