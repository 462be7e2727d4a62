-- description: a check that looks into a table whose name comes later, through a domain, where the looked-up table is a partitioned one
-- also: block; no_hidden_load_order
CREATE TABLE z_countries (code char(2), name text) PARTITION BY HASH (code);
CREATE TABLE z_countries_0 PARTITION OF z_countries FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO z_countries VALUES ('DE', 'Germany'), ('FR', 'France');
CREATE FUNCTION known_country(text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM public.z_countries c WHERE c.code = upper($1));
END $$;
CREATE DOMAIN country AS text CHECK (public.known_country(VALUE));
CREATE TABLE addresses (id serial PRIMARY KEY, street text, where_it_is country);
INSERT INTO addresses (street, where_it_is) VALUES ('a', 'de'), ('b', 'FR');
