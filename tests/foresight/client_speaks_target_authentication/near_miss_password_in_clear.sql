-- description: pg_hba.conf of the target asks the role for its password in clear, which every client can give
-- as: target
COPY (SELECT format('host all %s 127.0.0.1/32 password', :'owner')) TO PROGRAM 'flock pg_hba.lock sh -c "cat - pg_hba.conf > pg_hba.new && mv pg_hba.new pg_hba.conf"';
SELECT pg_reload_conf();
