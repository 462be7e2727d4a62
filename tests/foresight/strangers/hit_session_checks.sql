-- description: checks that ask in which database, as whom or from where they are asked: they hold here and nowhere else
-- also: block; rows_keep_their_constraints; constraint mine
-- also: block; checks_ask_no_session; constraint mine; current_user
-- also: block; checks_ask_no_session; constraint here; current_database
CREATE TABLE public.posts (id serial PRIMARY KEY, author name DEFAULT current_user CONSTRAINT mine CHECK (author = current_user));
INSERT INTO public.posts DEFAULT VALUES;
CREATE TABLE public.notes (id serial PRIMARY KEY, place text DEFAULT current_database() CONSTRAINT here CHECK (place = current_database()));
INSERT INTO public.notes DEFAULT VALUES;
CREATE FUNCTION public.is_me(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN $1 = session_user; END $$;
CREATE TABLE public.letters (id serial PRIMARY KEY, sender text DEFAULT session_user CONSTRAINT by_me CHECK (public.is_me(sender)));
INSERT INTO public.letters DEFAULT VALUES;
