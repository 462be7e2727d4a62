-- description: options of tables and indexes, old ones too; another access method; cluster order, replica identity, statistics, comments on everything
CREATE TABLE public.t (id int, v text, g tsvector) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_enabled = false, parallel_workers = 3, user_catalog_table = false, autovacuum_vacuum_insert_threshold = 5000);
INSERT INTO public.t SELECT i, 'v' || i FROM generate_series(1, 50) i;
CREATE UNIQUE INDEX t_id ON public.t (id) WITH (fillfactor = 60, deduplicate_items = off, vacuum_cleanup_index_scale_factor = 0.2);
ALTER TABLE public.t ALTER id SET NOT NULL; ALTER TABLE public.t REPLICA IDENTITY USING INDEX t_id; ALTER TABLE public.t CLUSTER ON t_id;
CREATE INDEX ON public.t USING gin (g) WITH (fastupdate = off, gin_pending_list_limit = 512);
CREATE INDEX ON public.t USING brin (id) WITH (autosummarize = on); CREATE INDEX ON public.t (v DESC NULLS LAST, id ASC NULLS FIRST);
CREATE STATISTICS public.s (dependencies, ndistinct) ON id, v FROM public.t; ALTER STATISTICS public.s SET STATISTICS 300;
COMMENT ON INDEX public.t_id IS 'i'; COMMENT ON COLUMN public.t.v IS 'c'; COMMENT ON STATISTICS public.s IS 's'; COMMENT ON DATABASE :"database" IS 'a database''s "comment"';
-- as: superuser
CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE public.by_method (id int) USING heap_too; INSERT INTO public.by_method VALUES (1);
