#include "src/merge/tokens.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace syncengine::merge {
namespace {

enum class Class { kWord, kBlank, kLineEnd, kOther };

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u; }

// The code point of a sequence of `size` bytes that CodePointSize() accepted.
uint32_t Decode(absl::string_view text, size_t size) {
  uint32_t point = static_cast<unsigned char>(text[0]) & (0xFFu >> (size + 1));
  for (size_t i = 1; i < size; ++i)
    point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return point;
}

// Letters of scripts with spaces between words, as far as block ranges tell.
bool JoinsWord(uint32_t point) {
  const bool symbol = point < 0xC0 || point == 0xD7 || point == 0xF7;
  const bool punctuation = point >= 0x2000 && point < 0x2C00;
  return !symbol && !punctuation && point < 0x2E80;
}

Class ClassOf(absl::string_view text, size_t size) {
  const unsigned char first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) {
    if (absl::ascii_isalnum(first) || first == '_') return Class::kWord;
    if (first == ' ' || first == '\t') return Class::kBlank;
    return first == '\n' || first == '\r' ? Class::kLineEnd : Class::kOther;
  }
  return size > 1 && JoinsWord(Decode(text, size)) ? Class::kWord : Class::kOther;
}

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// "1.25" and "2.0.1" are one word: half of a number means nothing.
bool GoesOnAsNumber(absl::string_view text, size_t at) {
  return text[at] == '.' && at + 1 < text.size() && IsDigit(text[at - 1]) && IsDigit(text[at + 1]);
}

size_t WordSize(absl::string_view text) {
  size_t size = CodePointSize(text);
  const Class first = ClassOf(text, size);
  if (first == Class::kLineEnd) return absl::StartsWith(text, "\r\n") ? 2 : 1;
  if (first == Class::kOther) return size;
  while (size < text.size()) {
    const absl::string_view rest = text.substr(size);
    const size_t next = CodePointSize(rest);
    const bool number = first == Class::kWord && GoesOnAsNumber(text, size);
    if (ClassOf(rest, next) != first && !number) break;
    size += next;
  }
  return size;
}

uint64_t Load(const char* bytes, size_t size) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  return word;
}

// Spreads well enough for a table of strings that are compared anyway.
uint64_t Hash(absl::string_view text) {
  uint64_t hash = text.size() * 0x9E3779B97F4A7C15u;
  while (!text.empty()) {
    const size_t size = std::min<size_t>(text.size(), 8);
    hash = std::rotl((hash ^ Load(text.data(), size)) * 0xD6E8FEB86659FD93u, 29);
    text.remove_prefix(size);
  }
  hash ^= hash >> 32;
  return hash * 0xD6E8FEB86659FD93u;
}

// Units made to collide are looked for this far, then taken for different from all others: a longer
// diff, but not a quadratic search. Chance makes no such chains in a table that is half full.
constexpr int kProbesMax = 512;

// Numbers strings in order of appearance: an open hash table that doubles at half load.
class Numbering {
 public:
  Numbering() : slots_(64) {}

  uint32_t IdOf(absl::string_view unit) {
    if (units_.size() * 2 >= slots_.size()) Grow();
    const uint32_t hash = static_cast<uint32_t>(Hash(unit) >> 32);
    size_t at = hash & (slots_.size() - 1);
    for (int probes = 0; slots_[at].id_plus_one != 0; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (++probes > kProbesMax) return Unlisted(unit);
      if (slot.hash == hash && units_[slot.id_plus_one - 1] == unit) return slot.id_plus_one - 1;
    }
    units_.push_back(unit);
    slots_[at] = {hash, static_cast<uint32_t>(units_.size())};
    return static_cast<uint32_t>(units_.size() - 1);
  }

  // A number that no other unit gets.
  uint32_t Unlisted(absl::string_view unit) {
    units_.push_back(unit);
    return distinct() - 1;
  }

  uint32_t distinct() const { return static_cast<uint32_t>(units_.size()); }

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t id_plus_one = 0;
  };

  void Grow() {
    std::vector<Slot> grown(slots_.size() * 2);
    for (const Slot& slot : slots_) {
      if (slot.id_plus_one == 0) continue;
      size_t at = slot.hash & (grown.size() - 1);
      while (grown[at].id_plus_one != 0) at = (at + 1) & (grown.size() - 1);
      grown[at] = slot;
    }
    slots_ = std::move(grown);
  }

  std::vector<Slot> slots_;
  std::vector<absl::string_view> units_;
};

UnitList Split(absl::string_view text, Granularity granularity, Numbering& numbering) {
  UnitList list;
  size_t at = 0;
  while (at < text.size()) {
    const size_t size = UnitSize(text.substr(at), granularity);
    list.starts.push_back(static_cast<uint32_t>(at));
    list.ids.push_back(numbering.IdOf(text.substr(at, size)));
    at += size;
  }
  list.starts.push_back(static_cast<uint32_t>(at));
  return list;
}

}  // namespace

size_t CodePointSize(absl::string_view text) {
  const unsigned char first = static_cast<unsigned char>(text[0]);
  const size_t size = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1;
  if (size == 1 || text.size() < size) return 1;
  for (size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[i])) return 1;
  }
  const uint32_t point = Decode(text, size);
  const bool overlong = point < (size == 3 ? 0x800u : size == 4 ? 0x10000u : 0u);
  const bool surrogate = point >= 0xD800 && point < 0xE000;
  return overlong || surrogate || point > 0x10FFFF ? 1 : size;
}

size_t UnitSize(absl::string_view text, Granularity granularity) {
  if (granularity == Granularity::kCharacters) return CodePointSize(text);
  if (granularity == Granularity::kWords) return WordSize(text);
  const void* end = std::memchr(text.data(), '\n', text.size());
  return end == nullptr ? text.size()
                        : static_cast<size_t>(static_cast<const char*>(end) - text.data()) + 1;
}

std::vector<absl::string_view> SplitLines(absl::string_view text) {
  std::vector<absl::string_view> lines;
  while (!text.empty()) {
    lines.push_back(text.substr(0, UnitSize(text, Granularity::kLines)));
    text.remove_prefix(lines.back().size());
  }
  return lines;
}

UnitLists SplitUnits(absl::string_view before, absl::string_view after, Granularity granularity) {
  Numbering numbering;
  UnitLists lists;
  lists.before = Split(before, granularity, numbering);
  lists.after = Split(after, granularity, numbering);
  lists.distinct = numbering.distinct();
  return lists;
}

}  // namespace syncengine::merge
