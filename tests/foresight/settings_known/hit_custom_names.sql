-- description: an application's own settings under names that are no identifiers
-- expect: block; database "; my-app.tenant
-- expect: block; database "; app.1st
-- expect: warn; role "; plpgsql.nothing
-- as: superuser
ALTER DATABASE :"database" SET "my-app.tenant" = '12';
ALTER DATABASE :"database" SET "app.1st" = 'secret';
ALTER ROLE :"owner" IN DATABASE :"database" SET plpgsql.nothing = 'x';
