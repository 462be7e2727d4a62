-- description: an operator over array_append, in a schema whose name needs quotes
-- expect: block; operator "Odd ones".+>(anyarray,anyelement); FUNCTION = array_append(anyarray, anyelement)
CREATE SCHEMA "Odd ones";
CREATE OPERATOR "Odd ones".+> (LEFTARG = anyarray, RIGHTARG = anyelement, FUNCTION = array_append);
