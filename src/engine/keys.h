// Where everything is in the metadata store.
//
// Partition "repo", one for the repository:
//   f                       FormatRow: what wrote this; there is a repository when this row exists
//   n/<name>                NamespaceRow
//   i/<namespace hex>       the name of the namespace
//   d/<device hex>          DeviceRow
//   m/<device name>         the newest device of that name
//   t/<SHA-256 of a token>  the device that has the token
//
// Partition "ns:<namespace hex>", one for each namespace. <seq> and <ordinal> are big-endian, so
// that byte order is their order:
//   h                       HeadRow: history, newest sequence; the namespace exists when it does
//   u                       UsageRow
//   N<node>                 NodeRow: which of its revisions is the head
//   N<node><seq>            every revision of the node that is kept, beside that in the same
//                           page
//   C<parent><name>         the live node that has this place
//   J<seq>                  JournalEntry
//   B<block>                BlockRow
//   K<block>                the children of a manifest block: their ids, one after another
//   S<segment>              SegmentRow
//   D<segment>              DoomRow: an object that is collected; its id is never used again
//   E<epoch>                EpochRow: a collection that came to its end
//   L                       LeaseRow: who may collect
//   F<segment><offset>      DeltaRow: the bases of the delta frame at this place
//   U<upload>               UploadRow
//   O<op>                   OperationRow: the stored result of a request
//   o<ordinal>              the op id with that ordinal: old ones go in that order
//   A<device>               PlaceRow: how far the device has come
//   X<revision>             ConflictRow: why that revision was kept aside and not merged
//
// What always holds between transactions:
// - J is dense from HeadRow::first_sequence to HeadRow::sequence.
// - C has exactly the live heads; each head is among its node's revisions.
// - BlockRow::refs is the number of revisions (heads not counted again) that name the block plus
//   the number of K rows and of F rows that do; all only ever name blocks that are PRESENT.
// - K exists exactly for manifest blocks that are PRESENT or CONDEMNED.
// - F exists exactly for delta frames that hold blocks which are PRESENT or CONDEMNED, and counts
//   them; their bases are less deep than they are (BlockRow::depth), so no chain has a cycle.
// - A segment named by a B row that is PRESENT or CONDEMNED has an S row, and its object was
//   durable before either was written. SegmentRow::blocks_live is the number of those B rows.
// - A segment has an S row or a D row that dooms it, never both; its object is deleted only while
//   the latter is there, and that row stays for ever. So a deletion that arrives late, from a
//   collector that was replaced long ago, finds nothing that anybody refers to.
#ifndef SYNCENGINE_ENGINE_KEYS_H_
#define SYNCENGINE_ENGINE_KEYS_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/ids.h"

namespace syncengine::engine {

inline constexpr absl::string_view kRepositoryPartition = "repo";
inline std::string NamespacePartition(const NamespaceId& id) {
  return absl::StrCat("ns:", id.ToHex());
}

// --- Keys of the repository's partition ---

inline std::string FormatKey() { return "f"; }
inline std::string NamespaceKey(absl::string_view name) { return absl::StrCat("n/", name); }
inline std::string NamespaceNameKey(const NamespaceId& id) {
  return absl::StrCat("i/", id.ToHex());
}
inline std::string DeviceKey(const DeviceId& id) { return absl::StrCat("d/", id.ToHex()); }
inline std::string DeviceNameKey(absl::string_view name) { return absl::StrCat("m/", name); }
inline std::string TokenKey(absl::string_view hash) { return absl::StrCat("t/", hash); }

// --- Keys of a namespace's partition ---

// A tag and an id; also the prefix of all keys that begin so.
template <typename IdType>
std::string TaggedKey(char tag, const IdType& id) {
  return absl::StrCat(absl::string_view(&tag, 1), id.bytes());
}
inline std::string TaggedKey(char tag, uint64_t number) {
  ByteWriter key;
  key.U8(static_cast<uint8_t>(tag));
  key.BigU64(number);
  return std::move(key).Take();
}

inline std::string HeadKey() { return "h"; }
inline std::string UsageKey() { return "u"; }
inline std::string NodeKey(const NodeId& node) { return TaggedKey('N', node); }
inline std::string ChildPrefix(const NodeId& parent) { return TaggedKey('C', parent); }
inline std::string ChildKey(const NodeId& parent, absl::string_view name) {
  return absl::StrCat(ChildPrefix(parent), name);
}
// Sequences begin at 1, so that of sequence 0 is behind the head and before all revisions.
inline std::string RevisionKey(const NodeId& node, uint64_t sequence) {
  ByteWriter key;
  key.Raw(NodeKey(node));
  key.BigU64(sequence);
  return std::move(key).Take();
}
inline std::string JournalKey(uint64_t sequence) { return TaggedKey('J', sequence); }
inline std::string BlockKey(const BlockId& id) { return TaggedKey('B', id); }
inline std::string ChildrenKey(const BlockId& id) { return TaggedKey('K', id); }
inline std::string SegmentKey(const SegmentId& id) { return TaggedKey('S', id); }
inline std::string DoomKey(const SegmentId& id) { return TaggedKey('D', id); }
inline std::string EpochKey(uint64_t epoch) { return TaggedKey('E', epoch); }
inline std::string LeaseKey() { return "L"; }
inline std::string DeltaKey(const SegmentId& segment, uint32_t offset) {
  ByteWriter key;
  key.Raw(TaggedKey('F', segment));
  key.BigU64(offset);
  return std::move(key).Take();
}
inline std::string UploadKey(const UploadId& id) { return TaggedKey('U', id); }
inline std::string OperationKey(const OpId& id) { return TaggedKey('O', id); }
inline std::string OrdinalKey(uint64_t ordinal) { return TaggedKey('o', ordinal); }
inline std::string PlaceKey(const DeviceId& id) { return TaggedKey('A', id); }
inline std::string ConflictKey(const RevisionId& id) { return TaggedKey('X', id); }

// The first key behind all keys that begin with `prefix`.
std::string PrefixEnd(std::string prefix);

// --- Objects ---

// The object that holds a segment. The namespace is part of the name, so that segment ids drawn by
// one namespace's clients cannot get in the way of another's.
std::string SegmentObject(const NamespaceId& id, const SegmentId& segment);
// What the names of all segments of a namespace begin with.
std::string SegmentObjectPrefix(const NamespaceId& id);

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_KEYS_H_
