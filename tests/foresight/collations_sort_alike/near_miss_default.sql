-- description: indexes, an exclusion constraint and partitions by the database's own collation, which both servers have
CREATE TABLE people (name text, n integer) PARTITION BY RANGE (name, n);
CREATE TABLE people_1 PARTITION OF people FOR VALUES FROM ('a', MINVALUE) TO ('m''s', 5);
CREATE TABLE people_2 PARTITION OF people FOR VALUES FROM ('m''s', 5) TO (MAXVALUE, MAXVALUE);
CREATE TYPE words AS RANGE (subtype = text);
CREATE TABLE booked (span words, EXCLUDE USING gist (span WITH &&));
INSERT INTO people VALUES ('ä', 1), ('zoé', 2);
