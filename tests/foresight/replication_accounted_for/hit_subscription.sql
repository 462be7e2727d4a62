-- description: a subscription that somebody left disabled
-- expect: warn; subscription "Left over"; it is disabled
-- as: superuser
CREATE TABLE public.entries (id integer PRIMARY KEY);
CREATE SUBSCRIPTION "Left over" CONNECTION 'host=nowhere.invalid dbname=nothing password=secret' PUBLICATION entries WITH (connect = false, slot_name = left_over);
