-- description: the usual wrapper that makes a function of an extension immutable, by its bare name, under an index and a unique key
-- also: block; expressions_stand_alone; index public.users_hash_idx
-- also: block; expressions_stand_alone; index public.users_sim
CREATE EXTENSION pgcrypto;
CREATE EXTENSION pg_trgm;
CREATE OR REPLACE FUNCTION f_hash(text) RETURNS text AS $func$ SELECT encode(digest($1, 'md5'), 'hex') $func$ LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT;
CREATE OR REPLACE FUNCTION f_sim(text) RETURNS real AS $func$ BEGIN RETURN similarity($1, 'anna'); END $func$ LANGUAGE plpgsql IMMUTABLE;
CREATE TABLE users (id serial PRIMARY KEY, email text);
INSERT INTO users (email) SELECT 'user' || g FROM generate_series(1, 100) g;
CREATE UNIQUE INDEX users_hash_idx ON users (f_hash(email));
CREATE INDEX users_sim ON users (f_sim(email)) WHERE id > 5;
