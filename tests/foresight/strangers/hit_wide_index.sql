-- description: an index over several columns of a partition whose storage was changed after its rows were written
-- also: block; indexes_rebuildable
CREATE TABLE docs (id int, k text, v text, w bytea) PARTITION BY RANGE (id);
CREATE TABLE docs_1 PARTITION OF docs FOR VALUES FROM (1) TO (100);
CREATE INDEX docs_kvw ON docs (k, v) INCLUDE (w);
INSERT INTO docs SELECT 1, repeat('abcdefgh', 150), repeat('zyxw', 300), decode(repeat('00ff', 300), 'hex');
ALTER TABLE docs_1 ALTER k SET STORAGE external, ALTER v SET STORAGE external, ALTER w SET STORAGE external;
