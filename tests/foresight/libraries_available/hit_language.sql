-- description: a procedural language made by hand over a library that the target hasn't, and a second one by name only
-- expect: block; library "$libdir/pltcl"; language "oldtcl" (handler public.tcl_handler())
-- expect: block; language "ours"; offers no extension of that name
-- as: superuser
CREATE FUNCTION public.tcl_handler() RETURNS language_handler LANGUAGE c AS '$libdir/pltcl', 'pltcl_call_handler';
CREATE LANGUAGE oldtcl HANDLER public.tcl_handler;
CREATE LANGUAGE ours HANDLER plpgsql_call_handler;
