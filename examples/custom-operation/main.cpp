// pgconvoy's command line, with an operation of this site's: runbook files may name it like any other.
#include "cli/run.hpp"
#include "label_new_database.hpp"

int main(int argc, char** argv) {
  pgconvoy::cli::Seams seams;
  seams.site = [](pgconvoy::OperationRegistry& operations, pgconvoy::ConditionRegistry&) { operations.add(make_label_new_database()); };
  return pgconvoy::cli::run(argc, argv, std::move(seams));
}
