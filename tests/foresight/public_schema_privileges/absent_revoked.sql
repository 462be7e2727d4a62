-- description: nobody but its owner may create in public
-- as: superuser
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
