-- description: settings that PostgreSQL 14 removed, given to the database
-- expect: block; database "; vacuum_cleanup_index_scale_factor
-- expect: block; database "; operator_precedence_warning
CREATE TABLE public.plain (id integer PRIMARY KEY);
ALTER DATABASE :"database" SET vacuum_cleanup_index_scale_factor = 0.2;
ALTER DATABASE :"database" SET operator_precedence_warning = on;
ALTER DATABASE :"database" SET work_mem = '8MB';
