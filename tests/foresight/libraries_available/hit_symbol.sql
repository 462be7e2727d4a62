-- description: the library is there, the function in it isn't any more; and one of the server's own that 14 removed
-- expect: block; library "$libdir/pgxml"; nothing called xml_is_well_formed
-- expect: block; database "; function public.centre(path)
-- as: superuser
CREATE FUNCTION public.well_formed(text) RETURNS boolean LANGUAGE c AS '$libdir/pgxml', 'xml_is_well_formed';
CREATE FUNCTION public.pretty(text) RETURNS text LANGUAGE c AS '$libdir/pgxml', 'xml_encode_special_chars';
CREATE FUNCTION public.centre(path) RETURNS point LANGUAGE internal AS 'path_center';
