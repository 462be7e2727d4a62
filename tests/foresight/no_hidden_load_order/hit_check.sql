-- description: a check reads a table that is restored later, through two functions, with rows on both sides
-- expect: block; constraint known on public.orders_a; rows of public.persons are restored after those of public.orders_a
-- expect: block; constraint complete on public.orders_b; rows of public.persons are restored after
-- expect: block; constraint "In stock" on public.orders_c; rows of public.persons are restored after
CREATE TABLE public.persons (id integer PRIMARY KEY, name text);
CREATE FUNCTION public.is_person(i integer) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM public.persons p WHERE p.id = i)';
CREATE FUNCTION public.is_customer(i integer) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN i > 0 AND public.is_person(i); END';
CREATE FUNCTION public.asks(i integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public.persons WHERE id = i) THEN
    RAISE EXCEPTION 'no such person: %', i;
  END IF;
  RETURN true;
END $$;
CREATE FUNCTION public.counted(i integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM public.%I WHERE id = $1', 'persons') INTO n USING i;
  SELECT count(*) INTO n FROM persons_of_view;
  RETURN n;
END $$;
CREATE VIEW public.persons_of_view AS SELECT * FROM public.persons;
ALTER FUNCTION public.counted(integer) SET search_path = public;
CREATE TABLE public.orders_a (person integer CONSTRAINT known CHECK (public.is_customer(person)));
CREATE TABLE public.orders_b (person integer CONSTRAINT complete CHECK (public.asks(person)));
CREATE TABLE public.orders_c (person integer CONSTRAINT "In stock" CHECK (public.counted(person) > 0));
INSERT INTO public.persons VALUES (1, 'one');
INSERT INTO public.orders_a VALUES (1);
INSERT INTO public.orders_b VALUES (1);
INSERT INTO public.orders_c VALUES (1);
