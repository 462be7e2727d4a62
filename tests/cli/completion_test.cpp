// Completion and manual pages, as the program prints them.
#include <catch2/catch.hpp>

#include "cli/commands.hpp"
#include "cli/completion.hpp"
#include "cli/man_page.hpp"

using namespace pgconvoy::cli;
using Catch::Matchers::Contains;

namespace {

// Three commands that are like ours.
struct SmallProgram {
  SmallProgram() {
    app.require_subcommand(1);
    CLI::App* report = app.add_subcommand("report", "What became of a run: it's \"all\" there");
    report->add_option("RUN", run, "r7, or 7")->type_name("");
    report->add_option("--output", output, "What to write: text, html")->type_name("FORMAT")->check(CLI::IsMember({"text", "html"}).description(""));
    report->add_option("-f,--fleet", file, "The fleet file")->type_name("FILE");
    report->add_flag("-q,--quiet", quiet, "Only results");
    report->footer("Examples:\n  pgconvoy report r7");
    CLI::App* fleet = app.add_subcommand("fleet", "The inventory");
    fleet->add_subcommand("show", "Servers and targets\n.of a file");
    app.add_subcommand("secret", "Not for people")->group("");
  }
  CLI::App app{"Moves fleets.", "pgconvoy"};
  std::string run, output, file;
  bool quiet = false;
};

}  // namespace

TEST_CASE("completion: commands, options and values are those of the program, hidden ones aren't") {
  SmallProgram program;
  const auto pages = command_pages(program.app);
  REQUIRE(pages.size() == 4);
  CHECK(pages[0].children == std::vector<std::string>{"report", "fleet"});
  CHECK(pages[1].spelled() == "pgconvoy report");
  const auto option = [&](const std::string& name) -> const CommandOption& {
    for (const CommandOption& each : pages[1].options)
      if (each.names.back() == name) return each;
    FAIL(name);
    return pages[1].options.front();
  };
  CHECK(option("--output").choices == std::vector<std::string>{"text", "html"});
  CHECK(option("--quiet").value.empty());
  CHECK(option("--fleet").names == std::vector<std::string>{"-f", "--fleet"});
  CHECK(option("RUN").positional);
  CHECK_FALSE(option("--fleet").positional);
}

TEST_CASE("completion: for each shell, with quotes where a summary has some") {
  SmallProgram program;
  const auto pages = command_pages(program.app);
  const std::string bash = bash_completion(pages), zsh = zsh_completion(pages), fish = fish_completion(pages);
  CHECK_THAT(bash, Contains("'report --output') mapfile -t COMPREPLY < <(compgen -W 'text html'") && Contains("'fleet') word='show --help'"));
  CHECK_THAT(bash, Contains("'report -f' | 'report --fleet') mapfile -t COMPREPLY < <(compgen -f"));
  CHECK_THAT(zsh, Contains("'report:What became of a run: it'\\''s \"all\" there'") && Contains("compadd -- text html"));
  CHECK_THAT(fish, Contains("-l output -x -a 'text html'") && Contains("'What became of a run: it\\'s \"all\" there'"));
  for (const std::string& text : {bash, zsh, fish}) CHECK(text.find("secret") == std::string::npos);
}

TEST_CASE("man: a page says what --help says, and no text of it is taken for a request") {
  SmallProgram program;
  const auto pages = command_pages(program.app);
  CHECK(man_file_name(pages[3]) == "pgconvoy-fleet-show.1");
  const std::string report = man_page(pages[1], pages), show = man_page(pages[3], pages), top = man_page(pages[0], pages);
  CHECK_THAT(report, Contains(".TH PGCONVOY\\-REPORT 1") && Contains("\\fB\\-f\\fR, \\fB\\-\\-fleet\\fR \\fIFILE\\fR") && Contains(".SH EXAMPLES\n.nf\n  pgconvoy report r7\n.fi"));
  CHECK_THAT(show, Contains("Servers and targets\n\\&.of a file"));
  CHECK_THAT(top, Contains(".B report\n") && !Contains("secret"));
}

TEST_CASE("completion and man: of all commands there are") {
  CLI::App app("Moves fleets.", "pgconvoy");
  Invocation invocation;
  add_run(app, invocation);
  add_report(app, invocation);
  add_fleet_commands(app, invocation);
  add_completion(app, invocation);
  const auto pages = command_pages(app);
  const std::string bash = bash_completion(pages);
  CHECK_THAT(bash, Contains("compgen -W 'text json jsonl markdown html csv junit otlp'") && Contains("compgen -W 'auto always never'") && Contains("'throughput short-pause auto'"));
  for (const CommandPage& page : pages) {
    const std::string text = man_page(page, pages);
    INFO(page.spelled());
    CHECK_THAT(text, Contains(".SH NAME") && Contains(".SH EXIT STATUS"));
    for (const char* line : {"\n.\n", "\n'"}) CHECK(text.find(line) == std::string::npos);
  }
}
