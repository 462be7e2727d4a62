-- description: columns of another table's row type that has lost and won columns, enums in bounds and predicates, collations of one's own, a zero-length everything
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE a (x int, y text, z mood);
INSERT INTO a VALUES (1, 'y', 'ok');
CREATE TABLE b (id int, whole a, several a[]);
INSERT INTO b SELECT 1, a, ARRAY[a, NULL] FROM a;
CREATE TABLE by_mood (m mood, v int) PARTITION BY RANGE (m);
CREATE TABLE by_mood_1 PARTITION OF by_mood FOR VALUES FROM (MINVALUE) TO ('ok');
CREATE TABLE by_mood_2 PARTITION OF by_mood FOR VALUES FROM ('ok') TO (MAXVALUE);
INSERT INTO by_mood VALUES ('sad', 1), ('happy', 2);
ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok';
ALTER TYPE mood RENAME VALUE 'sad' TO 'unhappy';
CREATE INDEX ON b (((whole).y)) WHERE (whole).z = 'ok';
CREATE COLLATION plain FROM "C"; CREATE COLLATION posix_too (LC_COLLATE = 'POSIX', LC_CTYPE = 'POSIX');
CREATE TABLE c (v text COLLATE plain, w text COLLATE posix_too, UNIQUE (v, w)); INSERT INTO c VALUES ('', ''), ('ä', 'Z');
CREATE VIEW over_rows AS SELECT (whole).y, (several[1]).x FROM b;
