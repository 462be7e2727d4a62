-- description: a partitioned child and its partitioned parent of which a partition was detached and emptied behind the key's back
-- also: block; rows_keep_their_constraints
CREATE TABLE parents (a int, b int, PRIMARY KEY (a, b)) PARTITION BY RANGE (a);
CREATE TABLE parents_1 PARTITION OF parents FOR VALUES FROM (0) TO (10);
CREATE TABLE parents_2 PARTITION OF parents FOR VALUES FROM (10) TO (20);
CREATE TABLE children (id int, x int, y int, FOREIGN KEY (x, y) REFERENCES parents (a, b)) PARTITION BY LIST (x);
CREATE TABLE children_few PARTITION OF children FOR VALUES IN (1, 2, 3);
CREATE TABLE children_rest PARTITION OF children DEFAULT;
INSERT INTO parents SELECT i, i FROM generate_series(1, 19) i;
INSERT INTO children SELECT i, i, i FROM generate_series(1, 19) i;
INSERT INTO children VALUES (100, NULL, 77);
-- as: superuser
SET session_replication_role = replica;
DELETE FROM parents_2 WHERE a = 15;
