#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/diagnosis.hpp"
#include "cli/planning.hpp"
#include "cli/platform_doctor.hpp"
#include "cli/show_report.hpp"
#include "engine/facts/gather.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

struct DoctorOptions {
  std::string file;
  RunChoices choices;
  bool platform = false, changes = false;
  std::vector<std::string> environments, servers, poolers;
};

const char* word_for(Diagnosis::Verdict verdict) {
  switch (verdict) {
    case Diagnosis::Verdict::good:
      return "ok";
    case Diagnosis::Verdict::warning:
      return "warn";
    default:
      return "BAD";
  }
}

std::string as_text(const std::vector<Diagnosis>& all, const report::Style& style) {
  std::size_t widest = 0;
  for (const Diagnosis& diagnosis : all) widest = std::max(widest, report::width_of(report::shown(diagnosis.what)));
  const std::size_t limit = text_width() == 0 ? 100000 : text_width();
  std::string text;
  for (const Diagnosis& diagnosis : all) {
    const std::string word = report::padded(word_for(diagnosis.verdict), 4);
    text += diagnosis.verdict == Diagnosis::Verdict::good      ? style.good(word)
            : diagnosis.verdict == Diagnosis::Verdict::warning ? style.warn(word)
                                                               : style.bad(word);
    text += "  " + report::padded(report::shown(diagnosis.what), widest) + "  " +
            report::wrapped(report::shown(diagnosis.detail), limit, widest + 8) + "\n";
    if (diagnosis.verdict != Diagnosis::Verdict::good && !diagnosis.remedy.empty())
      text += std::string(widest + 8, ' ') + report::wrapped("-> " + report::shown(diagnosis.remedy), limit, widest + 8) + "\n";
  }
  return text;
}

json as_json(const std::vector<Diagnosis>& all) {
  json document{{"version", 1}, {"kind", "doctor"}};
  document["checks"] = json::array();
  for (const Diagnosis& diagnosis : all)
    document["checks"].push_back({{"verdict", word_for(diagnosis.verdict)}, {"what", diagnosis.what},
                                  {"detail", diagnosis.detail}, {"remedy", diagnosis.remedy}});
  return document;
}

int show_diagnoses(const GlobalOptions& globals, const std::vector<Diagnosis>& all, const char* ready) {
  const auto bad = std::count_if(all.begin(), all.end(),
                                 [](const Diagnosis& diagnosis) { return diagnosis.verdict == Diagnosis::Verdict::bad; });
  if (globals.output.text()) {
    write_out(as_text(all, globals.output.style()));
    write_out(bad == 0 ? fmt::format("\n{}\n", ready) : fmt::format("\n{} to mend before a run\n", report::count(bad, "thing")));
  } else {
    write_json(globals.output, as_json(all));
  }
  return bad == 0 ? kSuccess : kBlocked;
}

int platform_doctor(const GlobalOptions& globals, const DoctorOptions& options, const Fleet& fleet) {
  PlatformTest test;
  test.environments = {options.environments.begin(), options.environments.end()};
  test.servers = {options.servers.begin(), options.servers.end()};
  test.poolers = {options.poolers.begin(), options.poolers.end()};
  test.changes = options.changes;
  if (auto named = check_named(fleet, test); !named) return fail(globals.output, named.error());
  Application application(globals.seams);
  application.show_programs(globals.output.verbose);
  const auto all = application.wait(test_platform(application.services(), application.program_log(), fleet, test));
  return show_diagnoses(globals, all,
                        options.changes ? "the platform does what was asked of it"
                                        : "ready as far as reading goes; --changes with --environment, --server or --pooler tests the rest");
}

int doctor(const GlobalOptions& globals, const DoctorOptions& options) {
  auto fleet = read_fleet_file(options.file);
  if (!fleet) return fail(globals.output, fleet.error());
  if (options.platform) return platform_doctor(globals, options, *fleet);
  auto choices = options.choices.complete(fleet->backups.directory);
  if (!choices) return fail(globals.output, choices.error());
  Application application(globals.seams);
  std::vector<Diagnosis> all = application.wait(diagnose_programs(application.processes(), highest_major(*fleet)));
  for (Diagnosis& diagnosis : application.wait(diagnose_servers(application.services(), *fleet))) all.push_back(std::move(diagnosis));
  all.push_back(diagnose_backup_directory(choices->backup_directory));
  for (const std::string& program : missing_programs(fleet->backups)) {
    Diagnosis missing;
    missing.verdict = Diagnosis::Verdict::bad;
    missing.what = "backup program";
    missing.detail = program + ": not to be found, or not executable";
    missing.remedy = "install it, or mend its path under backups: in the fleet file";
    all.push_back(std::move(missing));
  }
  all.push_back(diagnose_journal(globals));
  return show_diagnoses(globals, all, "ready; pgconvoy check looks at every database");
}

}  // namespace

void add_doctor(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("doctor", "Are all programs, versions, rights and directories there, before the night");
  auto options = std::make_shared<DoctorOptions>();
  command->add_option("-f,--fleet", options->file, "The fleet file")->type_name("FILE")->required();
  command->add_option("--backup-directory", options->choices.options.backup_directory, "Where backups will go")->type_name("DIR");
  const std::string group = "Platform";
  CLI::Option* platform =
      command->add_flag("--platform", options->platform, "Test the site's programs instead (docs/platform.md)")->group(group);
  const auto named = [&](const char* name, std::vector<std::string>& ids, const char* text) {
    command->add_option(name, ids, text)->type_name("ID")->group(group)->allow_extra_args(false)->needs(platform);
  };
  named("--environment", options->environments, "Only the controller of this environment (may be repeated)");
  named("--server", options->servers, "Only the provisioner of this server");
  named("--pooler", options->poolers, "Only this pooler");
  command->add_flag("--changes", options->changes, "Also what changes something, on what is named: it is stopped and started")
      ->group(group)->needs(platform);
  add_globals(*command, invocation.globals);
  command->footer("Example:\n  pgconvoy doctor -f fleet.yaml --backup-directory /srv/backups\n"
                  "  pgconvoy doctor --platform -f fleet.yaml\n"
                  "  pgconvoy doctor --platform -f fleet.yaml --environment shop-test --server eu-pg15 --changes");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return doctor(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
