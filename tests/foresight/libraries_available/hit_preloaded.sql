-- description: libraries that are loaded at every login, which the old server has and the new one hasn't
-- expect: block; database "; session_preload_libraries names "$libdir/pltcl"
-- expect: block; in database "; session_preload_libraries names "pltcl"
-- fails: no
-- as: superuser
ALTER ROLE :"owner" IN DATABASE :"database" SET session_preload_libraries = 'pltcl', 'auto_explain';
ALTER DATABASE :"database" SET session_preload_libraries = 'auto_explain', '$libdir/pltcl';
