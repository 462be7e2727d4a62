#include "engine/clients/libpq_version.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace pgconvoy::clients {
namespace {

// A copy of what stands at `offset`; nothing when the file ends before.
template <class T>
std::optional<T> record_at(std::string_view file, std::uint64_t offset) {
  if (offset > file.size() || file.size() - offset < sizeof(T)) return std::nullopt;
  T record;
  std::memcpy(&record, file.data() + offset, sizeof(T));
  return record;
}

// The place in the file of a virtual address, by the program headers.
std::optional<std::uint64_t> place_of(std::string_view file, const Elf64_Ehdr& header, std::uint64_t address) {
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto segment = record_at<Elf64_Phdr>(file, header.e_phoff + std::uint64_t{i} * sizeof(Elf64_Phdr));
    if (!segment) return std::nullopt;
    if (segment->p_type == PT_LOAD && address >= segment->p_vaddr && address - segment->p_vaddr < segment->p_filesz)
      return segment->p_offset + (address - segment->p_vaddr);
  }
  return std::nullopt;
}

// The address of a symbol in .dynsym, by the section headers.
std::optional<std::uint64_t> address_of(std::string_view file, const Elf64_Ehdr& header, std::string_view name) {
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    const auto section = record_at<Elf64_Shdr>(file, header.e_shoff + std::uint64_t{i} * sizeof(Elf64_Shdr));
    if (!section) return std::nullopt;
    if (section->sh_type != SHT_DYNSYM) continue;
    const auto strings = record_at<Elf64_Shdr>(file, header.e_shoff + std::uint64_t{section->sh_link} * sizeof(Elf64_Shdr));
    if (!strings) return std::nullopt;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= section->sh_size; at += sizeof(Elf64_Sym)) {
      const auto symbol = record_at<Elf64_Sym>(file, section->sh_offset + at);
      if (!symbol) return std::nullopt;
      const auto place = strings->sh_offset + symbol->st_name;
      if (place < file.size() && file.substr(place, name.size() + 1) == std::string(name) + '\0') return symbol->st_value;
    }
  }
  return std::nullopt;
}

int plausible(std::uint32_t number) { return number >= 80200 && number < 1000000 ? static_cast<int>(number) : 0; }

// mov eax, imm32, soon after the entry; behind endbr64 or the frame of an unoptimized build.
int constant_of_x86_64(std::string_view code) {
  for (std::size_t i = 0; i + 5 <= code.size() && i < 16; ++i) {
    if (static_cast<unsigned char>(code[i]) != 0xb8) continue;
    std::uint32_t number = 0;
    std::memcpy(&number, code.data() + i + 1, sizeof number);
    if (const int found = plausible(number)) return found;
  }
  return 0;
}

// mov w0, #low, then movk w0, #high, lsl #16.
int constant_of_aarch64(std::string_view code) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i + 4 <= code.size() && i < 16; i += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, code.data() + i, sizeof word);
    const std::uint32_t value = (word >> 5) & 0xffff;
    if ((word & 0xffe0001f) == 0x52800000) number = value;
    if ((word & 0xffe0001f) == 0x72a00000) number |= value << 16;
  }
  return plausible(number);
}

}  // namespace

bool named_like_libpq(std::string_view base_name) {
  if (!base_name.starts_with("libpq.so") && !base_name.starts_with("libpq-")) return false;
  return base_name.find(".so") != std::string_view::npos && !base_name.starts_with("libpq-oauth") &&
         !base_name.ends_with(".debug");
}

int lib_version_of(std::string_view elf) {
  const auto header = record_at<Elf64_Ehdr>(elf, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
      header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_shentsize != sizeof(Elf64_Shdr) ||
      header->e_phentsize != sizeof(Elf64_Phdr))
    return 0;
  const auto address = address_of(elf, *header, "PQlibVersion");
  const auto place = address ? place_of(elf, *header, *address) : std::nullopt;
  if (!place || *place >= elf.size()) return 0;
  const auto code = elf.substr(*place, 32);
  if (header->e_machine == EM_X86_64) return constant_of_x86_64(code);
  if (header->e_machine == EM_AARCH64) return constant_of_aarch64(code);
  return 0;
}

std::string version_text(int number) {
  if (number <= 0) return {};
  if (number >= 100000) return fmt::format("{}.{}", number / 10000, number % 10000);
  return fmt::format("{}.{}.{}", number / 10000, number / 100 % 100, number % 100);
}

std::string version_by_name(std::string_view base_name) {
  const auto at = base_name.find(".so.5.");
  if (at == std::string_view::npos) return {};
  base_name.remove_prefix(at + 6);
  int minor = 0;
  const auto read = std::from_chars(base_name.data(), base_name.data() + base_name.size(), minor);
  if (read.ec != std::errc()) return {};
  constexpr std::array kOld{"8.2", "8.3", "8.4", "9.0", "9.1", "9.2", "9.3", "9.4", "9.5", "9.6"};
  if (minor < 0 || minor > 99) return {};
  return minor < 10 ? kOld[static_cast<std::size_t>(minor)] : std::to_string(minor);
}

}  // namespace pgconvoy::clients
