-- description: a setting that is gone, of a role that has nothing to do with the database and of the owner in another
-- as: superuser
CREATE ROLE settings_known_stranger;
ALTER ROLE settings_known_stranger SET operator_precedence_warning = on;
ALTER ROLE :"owner" IN DATABASE postgres SET operator_precedence_warning = on;
