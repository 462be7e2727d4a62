-- description: libraries that are loaded at every login, and that nobody has
-- expect: block; database "; session_preload_libraries names "pg_hint_plan"
-- expect: block; in database "; local_preload_libraries names "tenant_guard"
-- as: superuser
ALTER DATABASE :"database" SET session_preload_libraries = 'auto_explain', '$libdir/pg_hint_plan', 'pg_hint_plan';
ALTER DATABASE :"database" RESET session_preload_libraries;
ALTER ROLE :"owner" IN DATABASE :"database" SET local_preload_libraries = 'tenant_guard';
ALTER DATABASE :"database" SET session_preload_libraries = 'auto_explain', 'pg_hint_plan';
