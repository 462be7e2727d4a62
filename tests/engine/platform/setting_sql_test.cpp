#include "engine/platform/setting_sql.hpp"

#include <catch2/catch.hpp>

using pgconvoy::alter_setting_sql;

TEST_CASE("setting: a plain value is one literal") {
  CHECK(alter_setting_sql(R"(ROLE "app")", "work_mem=64MB") == R"(ALTER ROLE "app" SET "work_mem" TO '64MB')");
  CHECK(alter_setting_sql(R"(ROLE "app" IN DATABASE "shop")", "app.tenant=7") ==
        R"(ALTER ROLE "app" IN DATABASE "shop" SET "app.tenant" TO '7')");
}

TEST_CASE("setting: only the first equals sign separates") {
  CHECK(alter_setting_sql("DATABASE d", "application_name=a=b, c") ==
        R"(ALTER DATABASE d SET "application_name" TO 'a=b, c')");
}

TEST_CASE("setting: a list is quoted element by element") {
  CHECK(alter_setting_sql("ROLE r", R"(search_path="$user", public)") ==
        R"(ALTER ROLE r SET "search_path" TO '$user', 'public')");
  CHECK(alter_setting_sql("ROLE r", R"(search_path="a, b", "c""d",e)") ==
        R"(ALTER ROLE r SET "search_path" TO 'a, b', 'c"d', 'e')");
  CHECK(alter_setting_sql("ROLE r", R"(Temp_Tablespaces=fast,"Slow One")") ==
        R"(ALTER ROLE r SET "Temp_Tablespaces" TO 'fast', 'Slow One')");
  CHECK(alter_setting_sql("ROLE r", R"(session_preload_libraries="$libdir/a", b)") ==
        R"(ALTER ROLE r SET "session_preload_libraries" TO '$libdir/a', 'b')");
}

TEST_CASE("setting: an empty list stays one") {
  CHECK(alter_setting_sql("ROLE r", R"(search_path="")") == R"(ALTER ROLE r SET "search_path" TO '')");
  CHECK(alter_setting_sql("ROLE r", "search_path=") == R"(ALTER ROLE r SET "search_path" TO '')");
}

TEST_CASE("setting: lists of other variables stay whole") {
  CHECK(alter_setting_sql("ROLE r", "DateStyle=ISO, DMY") == R"(ALTER ROLE r SET "DateStyle" TO 'ISO, DMY')");
}

TEST_CASE("setting: hostile values stay literals and names identifiers") {
  CHECK(alter_setting_sql("ROLE r", "application_name='; drop table t; --") ==
        R"(ALTER ROLE r SET "application_name" TO '''; drop table t; --')");
  CHECK(alter_setting_sql("ROLE r", R"(search_path="x'; drop table t; --")") ==
        R"(ALTER ROLE r SET "search_path" TO 'x''; drop table t; --')");
  CHECK(alter_setting_sql("ROLE r", R"(a"b=1)") == R"(ALTER ROLE r SET "a""b" TO '1')");
  CHECK(alter_setting_sql("ROLE r", R"(search_path="no end)") == R"(ALTER ROLE r SET "search_path" TO '"no end')");
  CHECK(alter_setting_sql("ROLE r", "search_path=a,,b") == R"(ALTER ROLE r SET "search_path" TO 'a,,b')");
}
