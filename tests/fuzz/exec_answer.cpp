// Whatever a program of the site prints, its answer or its failure is read without a crash. The first byte is its exit code.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/platform/exec_call.hpp"

namespace {

void read_members(const pgconvoy::ProgramAnswer& answer, int depth) {
  for (const char* name : {"state", "url", "variables", "running", "names", "bytes", "object"}) {
    (void)answer.truth(name);
    (void)answer.number(name);
    (void)answer.text(name);
    (void)answer.texts(name);
    (void)answer.secrets(name);
    (void)answer.text_or(name, "");
    if (const auto inner = answer.object(name); inner && depth > 0) read_members(*inner, depth - 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgconvoy;
  if (size == 0) return 0;
  const std::string output(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (const auto answer = read_answer("environment shop: platform read_binding", output))
    read_members(*answer, 3);
  else if (answer.error().message.empty())
    std::abort();
  const Error failure = read_failure("environment shop: platform read_binding", data[0], output, "a line");
  // What is shown to people holds no control character of the program's.
  for (const std::string& text : {failure.message, failure.remedy})
    for (const char c : text)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
  return 0;
}
