#include "conditions/indexes_rebuildable.hpp"

#include <fmt/format.h>

#include "conditions/not_checked.hpp"
#include "engine/facts/index_entries.hpp"

namespace pgconvoy {
namespace {

std::string rows_in_words(const LargeEntries& entries) {
  return fmt::format("{}{} row{}", entries.more ? "at least " : "", entries.rows, entries.rows == 1 && !entries.more ? "" : "s");
}

class IndexesRebuildable final : public Condition {
 public:
  std::string name() const override { return "indexes_rebuildable"; }
  std::string summary() const override { return "Every restored row fits its page, and the entries that it makes fit their indexes."; }
  std::vector<Parameter> parameters() const override { return {time_budget_parameter("rows for index entries")}; }
  std::vector<std::string> needs() const override { return {kToastCompressionPart, kIndexEntriesInquiry}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "An index takes entries up to a limit: a third of a page for btree and GIN (2704 and 2712 bytes), a page for GiST. A "
               "value that was compressed when it was stored went into the index compressed. A dump holds it as plain text. The "
               "restore compresses it anew only where the column's storage is extended or main, and with the target's method; where "
               "the storage is external or plain by now, the entry has its full length, and CREATE INDEX fails with \"index row size "
               "exceeds maximum\" while the app is paused.";
    page.reads = "All valid btree, GIN and GiST indexes with values of variable length. Rows are read only of those where the source's "
                 "index proves nothing: a column with storage external or plain, an expression with a function that the database "
                 "defines, another default_toast_compression or a smaller page on the target, a btree in the layout of PostgreSQL 11 or "
                 "older. Every such row's entry is computed as the target would build it: all columns and INCLUDE columns together, "
                 "predicates of partial indexes, nulls, alignment, and compression measured on the value itself. Rows of tables with columns of storage plain are "
                 "measured likewise: without compression they may not fit a page.";
    page.silent = "Hash indexes and the usual classes of SP-GiST and BRIN, GIN over the elements of arrays or documents, GiST over text: their "
                  "entries don't depend on a column's storage. Values that are long but compress well enough. Where a value is of "
                  "another type than text or bytea and is to be compressed by another method than on the source, its size isn't known "
                  "exactly: then it is a warning.";
    page.remedies = "ALTER TABLE ... ALTER COLUMN ... SET STORAGE EXTENDED, when the finding says that the entries fit then; it changes "
                    "no row. Otherwise an index over md5(column), a hash index, a shorter value, or no index. Queries for equality have "
                    "to name the same expression.";
    page.sources = "Manual: CREATE INDEX, chapters \"B-Tree Indexes\" and \"TOAST\", default_toast_compression (14). Source: indextuple.c, nbtutils.c.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto fact = part<IndexEntriesFact>(move.database.parts, kIndexEntriesInquiry);
      if (!fact) {
        findings.push_back(not_known(name(), move, kIndexEntriesInquiry));
        continue;
      }
      for (const LargeEntries& entries : fact->too_large) findings.push_back(too_large(move, entries));
      report_not_checked(name(), move, "indexes", fact->not_checked, findings);
    }
    return findings;
  }

 private:
  Finding too_large(const Move& move, const LargeEntries& entries) const {
    Finding finding;
    finding.severity = entries.certain ? Severity::block : Severity::warn;
    finding.condition = name();
    finding.object = fmt::format("index {} in {}", shown_name(entries.index), move.object());
    finding.evidence = fmt::format("{} of {} {} an entry over ({}) of more than {} bytes, the largest of {} bytes at ctid {}", rows_in_words(entries),
                                   shown_name(entries.table),
                                   !entries.certain ? "may make" : entries.rows == 1 && !entries.more ? "makes" : "make",
                                   shown_name(entries.columns), entries.limit, entries.size, entries.place);
    finding.why = fmt::format("CREATE INDEX on the target fails with \"index row size {} exceeds maximum {}\" (manual: CREATE INDEX; TOAST): {}",
                              entries.size, entries.limit,
                              entries.outside.empty() ? fmt::format("values don't compress far enough ({})", entries.compression)
                                                      : fmt::format("the storage of {} keeps the restore from compressing what the source has "
                                                                    "compressed",
                                                                    shown_name(shortened(entries.outside))));
    finding.remedy = remedy_for(entries);
    if (entries.index.empty()) {
      finding.object = fmt::format("table {} in {}", shown_name(entries.table), move.object());
      finding.evidence = fmt::format("{} of {} longer than {} bytes without compression, the largest of {} bytes at ctid {}", rows_in_words(entries),
                                     shown_name(entries.table), entries.limit, entries.size, entries.place);
      finding.why = fmt::format("COPY on the target fails with \"row is too big\" (manual: TOAST): with storage plain the values of {} are neither "
                                "compressed nor kept outside the row", shown_name(shortened(entries.outside)));
      finding.cause = "rows too large for a page of the target";
      return finding;
    }
    finding.cause = "index entries too large for the target";
    return finding;
  }

  static std::string remedy_for(const LargeEntries& entries) {
    if (entries.extended_fits) {
      std::string sql = fmt::format("ALTER TABLE {}", shown_name(entries.table));
      for (std::size_t i = 0; i < entries.outside.size(); ++i)
        sql += fmt::format("{} ALTER COLUMN {} SET STORAGE EXTENDED", i ? "," : "", shown_name(entries.outside[i]));
      return sql + "; (measured: all entries fit then)";
    }
    return fmt::format("DROP INDEX {}; or index md5() of the long column instead of it, or shorten the values: SELECT ctid FROM {} WHERE "
                       "ctid = '{}'",
                       shown_name(entries.index), shown_name(entries.table), entries.place);
  }
};

}  // namespace

std::unique_ptr<Condition> make_indexes_rebuildable() { return std::make_unique<IndexesRebuildable>(); }

}  // namespace pgconvoy
