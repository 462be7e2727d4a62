-- Shape 1: types and indexes. Extensions, domains, enums, composites, ranges, arrays, special values, every index method.
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE SCHEMA extensions AUTHORIZATION @owner@;
CREATE EXTENSION pg_trgm SCHEMA extensions;
CREATE EXTENSION btree_gist;
SET ROLE @owner@;
-- A trusted extension (since 13): the tenant owns it, a superuser owns its functions.
CREATE EXTENSION "uuid-ossp";

CREATE SCHEMA kinds;
CREATE DOMAIN kinds.percentage AS numeric(5,2) DEFAULT 0 CONSTRAINT in_range CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN kinds.postcode AS citext NOT NULL CHECK (VALUE ~ '^[A-Z0-9 -]+$');
CREATE TYPE kinds.mood AS ENUM ('sad', 'ok', 'happy', 'it''s "quoted"');
ALTER TYPE kinds.mood ADD VALUE 'furious' BEFORE 'sad';
-- commit
CREATE TYPE kinds.address AS (street text, house integer, postcode kinds.postcode);
CREATE TYPE kinds.float_range AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE COLLATION kinds.german (provider = icu, locale = 'de-u-co-phonebk');
COMMENT ON TYPE kinds.mood IS 'In this order';
COMMENT ON DOMAIN kinds.percentage IS '0 to 100';

CREATE TABLE kinds.everything (
    id bigint GENERATED ALWAYS AS IDENTITY (START 1000 INCREMENT 5) PRIMARY KEY,
    flag boolean, small smallint, big bigint, amount numeric, exact numeric(20,6), single real, double double precision,
    money_amount money, letter "char", fixed char(12), short varchar(40), words text, insensitive citext,
    raw bytea, day date, clock time, clock_zone timetz, local_moment timestamp, moment timestamptz, span interval,
    address inet, network cidr, mac macaddr, uid uuid DEFAULT uuid_generate_v4(),
    document json, binary_document jsonb, tags hstore, markup xml, bits bit(8), more_bits bit varying(64),
    spot point, box_area box, lines path, search tsvector, query tsquery,
    ints integer[], matrix text[][], moods kinds.mood[], mood kinds.mood, place kinds.address, part kinds.percentage,
    booked tstzrange, numbers int4range, floats kinds.float_range, object_name regclass, snapshot txid_snapshot,
    doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,
    german_name text COLLATE kinds.german
);
INSERT INTO kinds.everything (flag, small, big, amount, exact, single, double, words, insensitive, raw, moment, span, address, binary_document, tags, ints, mood, place, part, booked, numbers, search, german_name, uid)
SELECT i % 3 = 0, i % 30000, i::bigint * 1000000007, i / 7.0, i / 13.0, i / 3.0, sqrt(i), repeat(md5((i + @seed@)::text), 1 + i % 4), 'Word' || i % 50,
       decode(md5(i::text), 'hex'), timestamptz '2019-12-31 23:59:59.999999+00' + i * interval '1 day', i * interval '1 month 1 day 1.5 seconds',
       ('10.0.' || i % 256 || '.1')::inet, jsonb_build_object('n', i, 'nested', jsonb_build_array(i, NULL, 'x')), hstore('k' || i, 'v'),
       ARRAY[i, NULL, -i], (enum_range(NULL::kinds.mood))[1 + i % 5], ROW('Main St', i, 'AB ' || i)::kinds.address, i % 101,
       tstzrange(timestamptz '2020-01-01+00' + i * interval '2 hours', timestamptz '2020-01-01+00' + i * interval '2 hours' + interval '1 hour'),
       int4range(i, i + 10), to_tsvector('simple', 'word' || i), chr(97 + i % 26) || 'ä', md5('uuid' || i)::uuid
  FROM generate_series(1, 400) i;
-- The values that break naive copying and naive comparing.
INSERT INTO kinds.everything (amount, single, double, words, raw, day, local_moment, moment, ints, matrix, moods, tags, document, binary_document, markup, bits, more_bits, clock_zone, money_amount, mac, network, fixed, letter, uid) VALUES
 ('NaN', 'NaN', 'Infinity', '', '', 'infinity', '-infinity', 'infinity', '{}', '{{a,NULL},{"","NULL"}}', '{}', '', '{"a": 1, "a": 2}', '{}', '<a>1</a>', B'00000000', B'', '12:00:00+14', 0, '08:00:2b:01:02:03', '10.0.0.0/8', '', '', NULL),
 (-0.000, '-Infinity', '-0', E'tab\there\nnewline\r\\N \\. backslash', '\x00ff5c27', '4713-01-01 BC', '294276-12-31 23:59:59.999999', '4713-01-02 00:00:00+00 BC', '[2:4]={1,2,3}', '{"with,comma","with\"quote"}', '{happy,"it''s \"quoted\""}', '"k"=>NULL, "="=>">"', 'null', 'null', '<b/>', B'11111111', B'101', '00:00:00-15:59', -1.5, '08:00:2b:01:02:04', '::/0', '  x', 'x', NULL),
 (1e-30, 1e-30, 1e-300, '多言語 🚀 ñ ﷺ ' || chr(8203) || ' zero width', '\xdeadbeef', '5874897-12-31', '0001-01-01', '2038-01-19 03:14:08+00', ARRAY[2147483647, -2147483648], NULL, NULL, NULL, '[]', '[1e400]', NULL, NULL, NULL, NULL, '92233720368547758.07', NULL, '192.168.0.0/16', 'ä', NULL, NULL);
INSERT INTO kinds.everything (uid) VALUES ('00000000-0000-0000-0000-000000000000');

CREATE INDEX everything_lower_idx ON kinds.everything (lower(words) text_pattern_ops);
CREATE INDEX everything_partial_idx ON kinds.everything (big) INCLUDE (flag, small) WHERE flag;
CREATE UNIQUE INDEX everything_expression_idx ON kinds.everything ((abs(big)), id DESC NULLS LAST);
CREATE INDEX everything_trgm_idx ON kinds.everything USING gin (words extensions.gin_trgm_ops);
CREATE INDEX everything_json_idx ON kinds.everything USING gin (binary_document jsonb_path_ops);
CREATE INDEX everything_hash_idx ON kinds.everything USING hash (uid);
CREATE INDEX everything_brin_idx ON kinds.everything USING brin (moment) WITH (pages_per_range = 16);
CREATE INDEX everything_spgist_idx ON kinds.everything USING spgist (address);
CREATE INDEX everything_hstore_idx ON kinds.everything USING gist (tags);
CREATE INDEX everything_german_idx ON kinds.everything (german_name COLLATE kinds.german);

CREATE TABLE kinds.bookings (
    room integer NOT NULL,
    during tsrange NOT NULL,
    EXCLUDE USING gist (room WITH =, during WITH &&) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO kinds.bookings SELECT i % 5, tsrange(timestamp '2023-01-01' + i * interval '1 hour', timestamp '2023-01-01' + (i + 1) * interval '1 hour') FROM generate_series(1, 200) i;
CREATE TABLE kinds.typed OF kinds.address (street WITH OPTIONS DEFAULT 'unknown');
INSERT INTO kinds.typed VALUES ('A', 1, 'X 1'), (NULL, NULL, 'Y 2');
-- Wide values that are stored out of line, compressed and not.
CREATE TABLE kinds.wide (id integer PRIMARY KEY, compressible text, external bytea, fast text);
ALTER TABLE kinds.wide ALTER external SET STORAGE EXTERNAL, ALTER fast SET STORAGE MAIN, ALTER compressible SET STATISTICS 500;
INSERT INTO kinds.wide SELECT i, repeat('abc' || i, 20000), decode(repeat(md5(i::text), 2000), 'hex'), repeat('m', 1500) FROM generate_series(1, 8) i;
RESET ROLE;
