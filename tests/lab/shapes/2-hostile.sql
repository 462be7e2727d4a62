-- Shape 2: names that are not identifiers, unless every one of them is quoted. (Its database and role have such names too.)
SET ROLE @owner@;
CREATE SCHEMA "; DROP SCHEMA public CASCADE; --";
CREATE SCHEMA "Ünïcödé 🚀";
CREATE SCHEMA "select";
CREATE SCHEMA "pg-looks-like-system";

CREATE TABLE "Ünïcödé 🚀"."tab""le with 'quotes'" (
    "select" serial PRIMARY KEY,
    "; DROP TABLE x; --" text DEFAULT 'it''s; -- "quoted" $$ \',
    "spaces  in between " integer,
    "back\slash" text,
    "%s %d %n" text,
    "$1" text,
    "ein_spaltenname_mit_genau_dreiundsechzig_bytes_und_keinem_mehr_" text,
    "🐘" text,
    CONSTRAINT "check "" with quotes" CHECK ("spaces  in between " >= 0)
);
INSERT INTO "Ünïcödé 🚀"."tab""le with 'quotes'" ("spaces  in between ", "back\slash", "%s %d %n", "$1", "🐘")
SELECT i, E'\\' || i, '%s', '$1', repeat('🐘', i % 5) FROM generate_series(1, 500) i;
CREATE INDEX "index ""🚀"" on it" ON "Ünïcödé 🚀"."tab""le with 'quotes'" ("$1", lower("🐘"));

CREATE TABLE "; DROP SCHEMA public CASCADE; --"."-rf *" ("--" integer PRIMARY KEY, "-" text);
INSERT INTO "; DROP SCHEMA public CASCADE; --"."-rf *" SELECT i, md5((i + @seed@)::text) FROM generate_series(1, 200) i;
CREATE TABLE "select"."table" ("from" integer REFERENCES "; DROP SCHEMA public CASCADE; --"."-rf *" ("--"), "where" text, "user" name DEFAULT current_user);
INSERT INTO "select"."table" ("from", "where", "user") SELECT i, 'order by', 'nobody' FROM generate_series(1, 50) i;
CREATE TABLE "select"."TABLE" (id integer);
CREATE TABLE "select"." " (" " integer);
INSERT INTO "select"." " VALUES (1);
CREATE TABLE "select"."a.b" ("c.d" integer);
INSERT INTO "select"."a.b" VALUES (1), (2);
CREATE TABLE "pg-looks-like-system"."sixty_three_bytes_of_table_name_that_leave_no_room_for_suffixes" (id serial PRIMARY KEY, v text);
INSERT INTO "pg-looks-like-system"."sixty_three_bytes_of_table_name_that_leave_no_room_for_suffixes" (v) SELECT 'v' || i FROM generate_series(1, 30) i;
CREATE TABLE "pg-looks-like-system"."line
break" ("tab	and
newline" text);
INSERT INTO "pg-looks-like-system"."line
break" VALUES ('x');

CREATE SEQUENCE "select"."sequence ""; SELECT 1" START 77;
SELECT nextval('"select"."sequence ""; SELECT 1"');
CREATE TYPE "select"."enum 'type'" AS ENUM ('', ' ', '"', '''', '\', 'ein_label_aus_63_bytes_0123456789012345678901234567890123456789');
CREATE TABLE "select"."uses enum" (v "select"."enum 'type'" DEFAULT '\');
INSERT INTO "select"."uses enum" SELECT unnest(enum_range(NULL::"select"."enum 'type'"));
CREATE VIEW "select"."view; --" AS SELECT "select" AS "as", "; DROP TABLE x; --" FROM "Ünïcödé 🚀"."tab""le with 'quotes'";
CREATE FUNCTION "select"."func""tion"("in" integer, "; --" text DEFAULT '$body$') RETURNS text LANGUAGE sql AS $$ SELECT $2 || $1 $$;
CREATE FUNCTION "select"."trigger'function"() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN NEW."where" := coalesce(NEW."where", '') || '!'; RETURN NEW; END $f$;
CREATE TRIGGER "trigger 'with' ""quotes""" BEFORE INSERT ON "select"."table" FOR EACH ROW EXECUTE FUNCTION "select"."trigger'function"();
COMMENT ON TABLE "Ünïcödé 🚀"."tab""le with 'quotes'" IS E'It''s "a" comment;\n-- DROP TABLE x; \\ $$ 🚀\n\\connect postgres';
COMMENT ON COLUMN "Ünïcödé 🚀"."tab""le with 'quotes'"."🐘" IS E'\\.';
SELECT lo_from_bytea(200001, 'large object of a hostile database'::bytea);
RESET ROLE;
GRANT SELECT ON ALL TABLES IN SCHEMA "Ünïcödé 🚀" TO @reader@;
GRANT USAGE ON SCHEMA "Ünïcödé 🚀" TO @reader@;
COMMENT ON DATABASE @database@ IS E'hostile "names"; -- and a comment\nof two lines';
ALTER ROLE @owner@ SET application_name = 'it''s "quoted"; --';
