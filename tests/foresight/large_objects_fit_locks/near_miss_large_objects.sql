-- description: many large objects and types, which take no locks, and a few hundred views
SELECT count(lo_create(0)) FROM generate_series(1, 3000);
DO $$ BEGIN FOR i IN 1..300 LOOP EXECUTE format('CREATE VIEW public.v%s AS SELECT 1 AS a', i); END LOOP; END $$;
