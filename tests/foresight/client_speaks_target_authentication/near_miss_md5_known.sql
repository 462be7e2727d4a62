-- description: an md5 verifier on the source, with a password that the fleet knows: set anew as SCRAM
-- as: superuser
SELECT format('ALTER ROLE %I PASSWORD %L', :'owner', 'md5' || md5('chosen-by-the-tenant' || :'owner')) \gexec
COPY (SELECT format('host all %s 127.0.0.1/32 md5', :'owner')) TO PROGRAM 'flock pg_hba.lock sh -c "cat - pg_hba.conf > pg_hba.new && mv pg_hba.new pg_hba.conf"';
SELECT pg_reload_conf();
