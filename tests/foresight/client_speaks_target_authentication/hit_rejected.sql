-- description: pg_hba.conf of the target rejects the role
-- expect: block; role "seed_; pg_hba.conf rejects connection
-- as: target
COPY (SELECT format('host all %s 127.0.0.1/32 reject', :'owner')) TO PROGRAM 'flock pg_hba.lock sh -c "cat - pg_hba.conf > pg_hba.new && mv pg_hba.new pg_hba.conf"';
SELECT pg_reload_conf();
