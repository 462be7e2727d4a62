-- description: text search of one's own: configuration, dictionary, template parameters, generated vectors, triggers
CREATE SCHEMA search;
CREATE TEXT SEARCH DICTIONARY search.plain (TEMPLATE = simple, STOPWORDS = english, ACCEPT = false);
CREATE TEXT SEARCH DICTIONARY search.german (TEMPLATE = snowball, LANGUAGE = german);
CREATE TEXT SEARCH CONFIGURATION search.mixed (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION search.mixed ALTER MAPPING FOR asciiword, word WITH search.plain, search.german, english_stem;
ALTER TEXT SEARCH CONFIGURATION search.mixed DROP MAPPING FOR url_path;
CREATE TABLE search.documents (id int PRIMARY KEY, title text, body text, tsv tsvector GENERATED ALWAYS AS (setweight(to_tsvector('search.mixed'::regconfig, coalesce(title, '')), 'A') || to_tsvector('search.mixed'::regconfig, coalesce(body, ''))) STORED, by_trigger tsvector, q tsquery);
CREATE TRIGGER tsv BEFORE INSERT OR UPDATE ON search.documents FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(by_trigger, 'search.mixed', title, body);
INSERT INTO search.documents (id, title, body, q) SELECT i, 'Title ' || i, repeat('The Häuser and houses of ' || i || ' ', 20), to_tsquery('search.mixed', 'haus & ti:*A') FROM generate_series(1, 40) i;
CREATE INDEX ON search.documents USING gin (tsv); CREATE INDEX ON search.documents USING gist (by_trigger); CREATE INDEX ON search.documents USING gin (to_tsvector('english', body));
CREATE TABLE search.uses (id int, config regconfig, dictionary regdictionary); INSERT INTO search.uses VALUES (1, 'search.mixed', 'search.german'), (2, 'english', 'simple');
