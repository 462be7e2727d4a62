-- description: pg_hba.conf of the target lets the role into a database of the final name only, and the login before the pause meets another
-- expect: block; role "seed_; no line that lets it into a database under another name
-- as: target
COPY (VALUES (format('host %1$s %1$s 127.0.0.1/32 scram-sha-256', :'owner')), (format('host all %1$s 127.0.0.1/32 reject', :'owner'))) TO PROGRAM 'flock pg_hba.lock sh -c "cat - pg_hba.conf > pg_hba.new && mv pg_hba.new pg_hba.conf"';
SELECT pg_reload_conf();
