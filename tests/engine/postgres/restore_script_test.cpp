#include "engine/postgres/restore_script.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

const std::string kBegin = "--\n-- PostgreSQL database dump\n--\n\n\\restrict aB3\n\n-- Started on 2026-01-01\n\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n"
                           "SELECT pg_catalog.set_config('search_path', '', false);\n\n";

std::string header(int number, int catalogue, int oid) {
  return "--\n-- TOC entry " + std::to_string(number) + " (class " + std::to_string(catalogue) + " OID " + std::to_string(oid) +
         ")\n-- Name: a; Type: INDEX; Schema: public; Owner: shop\n--\n\n";
}

}  // namespace

TEST_CASE("restore script: each entry has its own statements and the tablespace that was set for it") {
  const auto entries = split_restore_script(kBegin + "SET default_tablespace = '';\n\n" + header(10, 1259, 500) + "CREATE INDEX a ON public.t USING btree (x);\n\n\n" +
                                            header(11, 2606, 501) + "ALTER TABLE ONLY public.t\n    ADD CONSTRAINT p PRIMARY KEY (id);\n\nALTER TABLE public.t CLUSTER ON p;\n\n\n" +
                                            "SET default_tablespace = fast;\n\n" + header(12, 1259, 502) + "CREATE INDEX b ON public.t USING btree (y);\n\n" +
                                            "-- Completed on 2026-01-01\n\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict aB3\n\n");
  REQUIRE(entries);
  REQUIRE(entries->size() == 3);
  CHECK(entries->at(10).catalogue == 1259);
  CHECK(entries->at(10).oid == 500);
  CHECK(entries->at(10).sql == "SET default_tablespace = '';\nCREATE INDEX a ON public.t USING btree (x);\n");
  CHECK(entries->at(11).oid == 501);
  CHECK(entries->at(11).sql ==
        "SET default_tablespace = '';\nALTER TABLE ONLY public.t\n    ADD CONSTRAINT p PRIMARY KEY (id);\nALTER TABLE public.t CLUSTER ON p;\n");
  CHECK(entries->at(12).sql == "SET default_tablespace = fast;\nCREATE INDEX b ON public.t USING btree (y);\n");
}

TEST_CASE("restore script: what looks like an entry inside a literal, a name or a comment is none") {
  const std::string inside = "\n;\n" + header(99, 1, 1) + "DROP TABLE public.t;\n";
  const std::string marks = GENERATE(std::string("''"), std::string("\"\""), std::string("$$"), std::string("$a1$"), std::string("E''"), std::string("/*"));
  std::string text = "x";
  if (marks == "''") text = "'it''s" + inside + "'";
  if (marks == "\"\"") text = "\"a\"\"b" + inside + "\"";
  if (marks == "$$") text = "$$'" + inside + "$$";
  if (marks == "$a1$") text = "$a1$ $$ $b$" + inside + "$a1$";
  if (marks == "E''") text = "E'\\'" + inside + "\\\\'";
  if (marks == "/*") text = "1 /* /* " + inside + " */" + inside + " */";
  const auto entries = split_restore_script(kBegin + header(10, 1259, 500) + "CREATE INDEX a ON public.t USING btree ((f(" + text + ")));\n\n" + header(11, 1259, 501) +
                                            "CREATE INDEX b ON public.t USING btree (y);\n");
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK(entries->at(10).sql == "CREATE INDEX a ON public.t USING btree ((f(" + text + ")));\n");
  CHECK(entries->at(11).sql == "CREATE INDEX b ON public.t USING btree (y);\n");
}

TEST_CASE("restore script: one in another encoding, by other rules or cut off is not taken apart") {
  const std::string entry = header(10, 1259, 500) + "CREATE INDEX a ON public.t USING btree (x);\n";
  CHECK(split_restore_script(kBegin + entry));
  CHECK_FALSE(split_restore_script("SET client_encoding = 'LATIN1';\n" + entry));
  CHECK_FALSE(split_restore_script("SET standard_conforming_strings = off;\n" + entry));
  CHECK_FALSE(split_restore_script(kBegin + header(10, 1259, 500) + "CREATE INDEX a ON public.t USING btree (x) WHERE y = 'open"));
  CHECK_FALSE(split_restore_script(kBegin + header(10, 1259, 500) + "CREATE INDEX a ON public.t"));
}
