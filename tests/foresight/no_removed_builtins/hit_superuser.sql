-- description: backup functions in a view and an operator class over a removed operator
-- expect: block; view public.backup; function pg_is_in_backup()
-- expect: block; operator family public.boxes; operator @(box, box)
-- as: superuser
CREATE VIEW public.backup AS SELECT pg_is_in_backup() AS running;
CREATE OPERATOR CLASS public.boxes FOR TYPE box USING gist AS
  OPERATOR 8 @ (box, box), FUNCTION 1 gist_box_consistent(internal, box, smallint, oid, internal), FUNCTION 2 gist_box_union(internal, internal),
  FUNCTION 5 gist_box_penalty(internal, internal, internal), FUNCTION 6 gist_box_picksplit(internal, internal), FUNCTION 7 gist_box_same(box, box, internal);
