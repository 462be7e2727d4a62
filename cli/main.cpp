#include "cli/run.hpp"

int main(int argc, char** argv) { return pgconvoy::cli::run(argc, argv); }
