-- description: a language's collation by ICU, and one of the database's own making that has none like it on the target
CREATE COLLATION phonebook (provider = icu, locale = 'de-u-co-phonebk');
CREATE TABLE names (name text COLLATE "de-x-icu" PRIMARY KEY, other text COLLATE phonebook);
CREATE INDEX ON names (other);
