-- description: wrappers around functions of extensions that look for them where they are
CREATE SCHEMA ext;
CREATE EXTENSION pgcrypto SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext;
CREATE EXTENSION "uuid-ossp" SCHEMA ext;
CREATE FUNCTION public.hashed(text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = ext AS $$ SELECT encode(digest($1, 'sha1'), 'hex') $$;
CREATE FUNCTION public.hashed_too(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN encode(ext.digest($1, 'sha1'), 'hex'); END $$;
CREATE TABLE public.users (id uuid DEFAULT ext.uuid_generate_v4() PRIMARY KEY, email ext.citext UNIQUE, token text DEFAULT encode(ext.gen_random_bytes(8), 'hex'), CHECK (public.hashed(email::text) <> ''));
INSERT INTO public.users (email) SELECT 'User' || i || '@example.org' FROM generate_series(1, 30) i;
CREATE INDEX ON public.users (public.hashed(email::text)); CREATE INDEX ON public.users (public.hashed_too(token));
