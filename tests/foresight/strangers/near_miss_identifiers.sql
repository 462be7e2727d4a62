-- description: names that need quotes, hold quotes, line breaks, format and shell characters, are reserved words or as long as can be
CREATE SCHEMA "select";
CREATE SCHEMA "a ""quoted"" schema; drop";
CREATE SCHEMA "$user";
CREATE TABLE "select"."from" ("where" int PRIMARY KEY, "group" text, "order by" text, "col""umn" int, "new
line" int, "tab	" int, "%s %I $1 :x ${HOME}" int, "ünïcödé 🐘" int, "UPPER" int, "9lives" int, "a.b" int, "--" int, "/*" int);
INSERT INTO "select"."from" SELECT i, 'g', NULL, i, i, i, i, i, i, i, i, i, i FROM generate_series(1, 20) i;
CREATE INDEX "index; -- ""of"" it" ON "select"."from" ("new
line", lower("order by"), "%s %I $1 :x ${HOME}") WHERE "--" > 1;
ALTER TABLE "select"."from" ADD CONSTRAINT "check
this" CHECK ("/*" > 0), ADD UNIQUE ("ünïcödé 🐘", "a.b");
CREATE TABLE "a ""quoted"" schema; drop"."aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123" (id serial, "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123" text UNIQUE,
  "from" int REFERENCES "select"."from" ("where") ON UPDATE CASCADE);
INSERT INTO "a ""quoted"" schema; drop"."aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123" ("from") SELECT i FROM generate_series(1, 5) i;
CREATE FUNCTION "$user"."fun ""c
tion"("in" int, OUT "out" text, VARIADIC "rest" text[] DEFAULT '{}') LANGUAGE plpgsql IMMUTABLE AS $body$ BEGIN "out" := $$x$$ || "in"; END $body$;
CREATE INDEX ON "select"."from" ("$user"."fun ""c
tion"("where"));
CREATE TYPE "select"."type" AS ("a b" int, "c,d" text, "(" text);
CREATE TABLE "select".user (current_date_ date, "user" "select"."type", "nul\l" "select"."type"[]);
INSERT INTO "select".user VALUES ('2020-01-01', ROW(1, 'a,b', '(")'), ARRAY[ROW(NULL, '{}', '\')::"select"."type"]);
CREATE VIEW "select"."table" AS SELECT "from".*, "user" AS "analyze" FROM "select"."from", "select".user;
COMMENT ON TABLE "select"."from" IS E'a comment''s "quotes"\nand\\lines; $$';
COMMENT ON COLUMN "select"."from"."new
line" IS '-- ; \.';
CREATE SEQUENCE "select"."se'q" START -5 INCREMENT -2 MINVALUE -100 MAXVALUE 100 CYCLE CACHE 7;
SELECT nextval('"select"."se''q"'), nextval('"select"."se''q"');
CREATE TRIGGER "trig'ger" BEFORE UPDATE ON "select"."from" FOR EACH ROW WHEN (OLD."--" IS DISTINCT FROM NEW."--") EXECUTE FUNCTION suppress_redundant_updates_trigger('a''b', '\n', '$1');
CREATE STATISTICS "select"."sta ts" (ndistinct, mcv) ON "where", "group" FROM "select"."from";
ALTER TABLE "select"."from" ALTER "where" SET STATISTICS 1000, ALTER "group" SET (n_distinct = -0.5);
CREATE TABLE pgconvoy (pgconvoy_trial_x int); CREATE TABLE public.pg_class (oid int, relname text); INSERT INTO public.pg_class VALUES (1, 'mine');
CREATE FUNCTION public.format(text, text, text) RETURNS text LANGUAGE sql AS 'SELECT NULL';
CREATE FUNCTION public.count(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
