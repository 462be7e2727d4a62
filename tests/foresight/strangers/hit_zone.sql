-- description: a unique index over days, that were different days in the zone of the database
-- also: block; rows_keep_their_constraints; index public.one_a_day
CREATE FUNCTION public.day_of(timestamptz) RETURNS date LANGUAGE sql IMMUTABLE AS 'SELECT $1::date';
ALTER DATABASE :"database" SET "TimeZone" = 'Asia/Tokyo';
SET TimeZone = 'Asia/Tokyo';
CREATE TABLE public.visits (id serial PRIMARY KEY, at timestamptz);
CREATE UNIQUE INDEX one_a_day ON public.visits (public.day_of(at));
INSERT INTO public.visits (at) VALUES ('2020-01-01 23:00+09'), ('2020-01-02 01:00+09');
