#include "src/transfer/outline.h"

#include <utility>

#include "syncengine/base/coding.h"

namespace syncengine {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kBlockBytes = 12;
constexpr size_t kNodeBytes = 8;

}  // namespace

uint64_t Outline::Short(const BlockId& id) {
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) number = number << 8 | id.data()[i];
  return number;
}

void Outline::Add(const ContentEntry& block) {
  if (too_large_) return;
  if (blocks_.size() == kBlocksMax) {
    too_large_ = true;
    blocks_ = {};
    nodes_ = {};
    return;
  }
  blocks_.push_back({Short(block.id), static_cast<uint32_t>(block.length)});
}

std::string Outline::Encode() const {
  ByteWriter writer;
  writer.U8(kVersion);
  writer.U32(static_cast<uint32_t>(blocks_.size()));
  for (const Block& block : blocks_) {
    writer.U64(block.id);
    writer.U32(block.length);
  }
  for (const uint64_t node : nodes_) writer.U64(node);
  return std::move(writer).Take();
}

Outline Outline::Decode(absl::string_view bytes) {
  ByteReader reader(bytes, "outline");
  Outline outline;
  const uint8_t version = reader.U8();
  const uint64_t count = reader.U32();
  if (version != kVersion || count > reader.remaining() / kBlockBytes ||
      (reader.remaining() - count * kBlockBytes) % kNodeBytes != 0) {
    return outline;
  }
  outline.blocks_.reserve(count);
  outline.known_.reserve(count + (reader.remaining() - count * kBlockBytes) / kNodeBytes);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t id = reader.U64();
    outline.blocks_.push_back({id, reader.U32()});
    outline.known_.insert(id);
  }
  while (reader.remaining() > 0) {
    outline.nodes_.push_back(reader.U64());
    outline.known_.insert(outline.nodes_.back());
  }
  return outline;
}

}  // namespace syncengine
