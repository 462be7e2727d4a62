-- description: nothing sorts by a language
-- settings: template=template0 lc_collate='C' lc_ctype='C'
CREATE TABLE t (a text, b text COLLATE "C");
CREATE INDEX ON t (a, b);
