-- description: a role with a setting that is gone, and in this database a value that 14 doesn't take any more
-- expect: block; role "; sets vacuum_cleanup_index_scale_factor
-- expect: block; in database "; sets password_encryption to "on"
ALTER ROLE :"owner" SET vacuum_cleanup_index_scale_factor = 0.3;
ALTER ROLE :"owner" IN DATABASE :"database" SET password_encryption = 'on';
