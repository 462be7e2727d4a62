-- description: a SCRAM verifier on both sides' terms
CREATE TABLE t (n integer);
