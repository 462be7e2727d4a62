-- description: pg_hba.conf of the target rejects the role from another network, and another role from here
-- as: target
COPY (VALUES (format('host all %1$s 10.0.0.0/8 reject', :'owner')), (format('host all %1$s_other 127.0.0.1/32 reject', :'owner'))) TO PROGRAM 'flock pg_hba.lock sh -c "cat - pg_hba.conf > pg_hba.new && mv pg_hba.new pg_hba.conf"';
SELECT pg_reload_conf();
