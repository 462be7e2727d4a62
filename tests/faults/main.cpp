// pgconvoy with faults at its seams: the program that the crash matrix ends, refuses and lies to.
#include <cstdlib>
#include <iostream>

#include "cli/run.hpp"
#include "tests/faults/faults.hpp"

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

int main(int argc, char** argv) {
  auto planned = pgconvoy::faults::parse_faults(variable("PGCONVOY_FAULTS"));
  if (!planned) {
    std::cerr << pgconvoy::describe(planned.error()) << '\n';
    return 2;
  }
  pgconvoy::faults::Faults faults(*std::move(planned), variable("PGCONVOY_FAULTS_LOG"));
  const auto seam = [&faults](auto real) { return pgconvoy::faults::with_faults(faults, std::move(real)); };
  pgconvoy::cli::Seams seams;
  seams.sessions = seam;
  seams.processes = seam;
  seams.controller = seam;
  seams.pooler = seam;
  seams.provisioner = seam;
  seams.journal = seam;
  return pgconvoy::cli::run(argc, argv, std::move(seams));
}
