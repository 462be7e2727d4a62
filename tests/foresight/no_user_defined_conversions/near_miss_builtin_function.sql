-- description: a conversion of its own over the server's function, which the target has with the new arguments
CREATE CONVERSION public.own FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
