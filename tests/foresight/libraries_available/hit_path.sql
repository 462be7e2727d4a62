-- description: a library by its whole path: the old server's own, which is on the target's host too and not for its version
-- expect: warn; /postgresql/seg"; function public.segment(cstring)
-- fails: yes
-- as: superuser
SELECT format('CREATE FUNCTION public.segment(cstring) RETURNS text LANGUAGE c AS %L, %L', setting || '/seg', 'seg_in')
  FROM pg_config WHERE name = 'PKGLIBDIR' \gexec
