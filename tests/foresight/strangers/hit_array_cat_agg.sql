-- description: the aggregate that everybody copied, in a schema of its own, with a view over it
-- also: block; no_incompatible_polymorphics; aggregate "Old tools".array_cat_agg(anyarray); array_cat
-- also: block; no_incompatible_polymorphics; aggregate "Old tools".uniq(anyelement)
CREATE SCHEMA "Old tools";
CREATE AGGREGATE "Old tools".array_cat_agg(anyarray) (sfunc = array_cat, stype = anyarray);
CREATE AGGREGATE "Old tools".uniq(anyelement) (sfunc = array_append, stype = anyarray, initcond = '{}', parallel = safe);
CREATE TABLE t AS SELECT ARRAY[i, i + 1] AS a FROM generate_series(1, 10) i;
CREATE VIEW v AS SELECT "Old tools".array_cat_agg(a) AS all_of_them FROM t;
