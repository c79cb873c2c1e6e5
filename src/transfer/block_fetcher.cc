#include "src/transfer/block_fetcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/transfer/retry.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

constexpr size_t kAskingMax = 4;
// Plaintext asked for in one request: what a reply of the usual size holds when it shrinks well.
constexpr uint64_t kRequestBytes = 2 * limits::kFramesReplyBytesTarget;
// Frames that one task opens.
constexpr size_t kFramesPerTask = 4;

// True for errors about one block, false for errors of the service.
bool IsAboutBlocks(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsDataLoss(status);
}

// Ids are random enough to spread the pauses of retries.
uint64_t Spread(const BlockId& id) {
  uint64_t spread = 0;
  for (size_t i = 0; i < 8; ++i) spread = spread << 8 | id.data()[i];
  return spread;
}

}  // namespace

void BlockFetcher::Add(const BlockId& id, uint64_t length) {
  Want& want = wants_[id];
  if (want.users++ > 0) return;
  want.length = length;
  if (std::optional<FetchedBlock> block = cache_.Find(id)) {
    want.state = State::kHere;
    want.block = *std::move(block);
    return;
  }
  queue_.push_back(id);
}

void BlockFetcher::Release(const BlockId& id) {
  const auto found = wants_.find(id);
  if (--found->second.users == 0) wants_.erase(found);
}

void BlockFetcher::Ask() {
  const size_t asking_max =
      std::min<size_t>(kAskingMax, static_cast<size_t>(executor_.Parallelism()));
  while (asking_ < asking_max && failure_.ok()) {
    std::vector<BlockId> ids = NextRequest();
    if (ids.empty()) return;
    Send(std::move(ids));
  }
}

std::vector<BlockId> BlockFetcher::NextRequest() {
  std::vector<BlockId> ids;
  while (ids.empty() && !halves_.empty()) {
    for (const BlockId& id : halves_.front()) {
      const auto found = wants_.find(id);
      if (found != wants_.end() && found->second.state == State::kAsked) ids.push_back(id);
    }
    halves_.pop_front();
  }
  if (!ids.empty()) return ids;
  uint64_t bytes = 0;
  while (!queue_.empty() && ids.size() < limits::kFrameIdsMax && bytes < kRequestBytes) {
    const BlockId id = queue_.front();
    queue_.pop_front();
    const auto found = wants_.find(id);
    if (found == wants_.end() || found->second.state != State::kQueued) continue;
    found->second.state = State::kAsked;
    bytes += found->second.length;
    ids.push_back(id);
  }
  return ids;
}

void BlockFetcher::Send(std::vector<BlockId> ids) {
  ++asking_;
  // The request reads the ids while the completion owns them.
  auto owned = std::make_unique<std::vector<BlockId>>(std::move(ids));
  const std::vector<BlockId>& asked = *owned;
  const RetryPolicy policy{.executor = executor_, .stop = stop_};
  crew_.Run(
      [&opened = opened_, policy, &asked] {
        return RetryUnavailable(policy, Spread(asked.front()),
                                [&] { return opened.service->GetFrames(opened.record.id, asked); });
      },
      [this, owned = std::move(owned)](absl::StatusOr<FramesReply> reply) {
        --asking_;
        Replied(std::move(*owned), std::move(reply));
        OpenPending();
        Ask();
      });
}

void BlockFetcher::Replied(std::vector<BlockId> ids, absl::StatusOr<FramesReply> reply) {
  if (IsAboutBlocks(reply.status())) return Halve(std::move(ids), reply.status());
  if (reply.ok() && (reply->answered == 0 || reply->answered > ids.size())) {
    reply = absl::InternalError(absl::StrCat("the service answered ", reply->answered, " of ",
                                             ids.size(), " blocks; expected at least one"));
  }
  if (!reply.ok()) {
    if (failure_.ok()) failure_ = Annotate(reply.status(), "fetch blocks");
    return;
  }
  const auto rest = ids.begin() + static_cast<ptrdiff_t>(reply->answered);
  if (rest != ids.end()) halves_.emplace_front(rest, ids.end());
  ids.erase(rest, ids.end());
  // Shared by the tasks that open its frames.
  auto opening = std::make_shared<Reply>();
  opening->answered = std::move(ids);
  for (const std::string& frame : reply->frames) received_bytes_ += frame.size();
  Open(opening, std::move(reply->frames));
}

void BlockFetcher::Halve(std::vector<BlockId> ids, const absl::Status& status) {
  if (ids.size() == 1) {
    return FailBlock(
        ids[0], MakeError(Reason::kIntegrity, absl::StrCat("block ", ids[0].ToHex(),
                                                           " cannot be had: ", status.message())));
  }
  const auto middle = ids.begin() + static_cast<ptrdiff_t>(ids.size() / 2);
  halves_.emplace_back(ids.begin(), middle);
  halves_.emplace_back(middle, ids.end());
}

void BlockFetcher::Open(const std::shared_ptr<Reply>& reply, std::vector<std::string> frames) {
  if (frames.empty()) return FailWhatIsMissing(*reply);
  for (size_t begin = 0; begin < frames.size(); begin += kFramesPerTask) {
    const size_t end = std::min(frames.size(), begin + kFramesPerTask);
    std::vector<std::string> some;
    for (size_t i = begin; i < end; ++i) some.push_back(std::move(frames[i]));
    reply->opening += some.size();
    crew_.Run(
        [keys = opened_.keys, some = std::move(some)]() mutable {
          std::vector<OpenResult> results;
          results.reserve(some.size());
          for (std::string& frame : some) results.push_back(OpenAlone(*keys, std::move(frame)));
          return results;
        },
        [this, reply](std::vector<OpenResult> results) {
          Opened(reply, std::move(results));
          OpenPending();
          Ask();
        });
  }
}

BlockFetcher::OpenResult BlockFetcher::OpenAlone(const NamespaceKeys& keys, std::string frame) {
  absl::StatusOr<FrameHeader> header = ParseFrameHeader(frame);
  if (!header.ok()) return {.opened = header.status(), .frame = {}, .header = {}};
  if (header->kind != FrameKind::kDelta) {
    return {.opened = OpenFrame(keys, frame), .frame = {}, .header = {}};
  }
  return {.opened = absl::UnknownError("not opened yet"),
          .frame = std::move(frame),
          .header = *std::move(header)};
}

void BlockFetcher::Opened(const std::shared_ptr<Reply>& reply, std::vector<OpenResult> results) {
  for (OpenResult& result : results) {
    if (result.frame.empty()) {
      Settle(reply, std::move(result.opened));
    } else if (!IsWanted(result.header)) {
      --reply->opening;
    } else if (!WantBases(result.header)) {
      Settle(reply, MakeError(Reason::kIntegrity, "a delta frame that needs itself"));
    } else {
      pending_.push_back({reply, std::move(result.frame), std::move(result.header)});
    }
  }
  if (reply->opening == 0) FailWhatIsMissing(*reply);
}

void BlockFetcher::Settle(const std::shared_ptr<Reply>& reply, absl::StatusOr<OpenedFrame> frame) {
  --reply->opening;
  if (frame.ok()) {
    Arrived(std::make_shared<const OpenedFrame>(*std::move(frame)));
  } else if (reply->damage.ok()) {
    reply->damage = frame.status();
  }
}

bool BlockFetcher::IsWanted(const FrameHeader& header) const {
  return std::any_of(header.blocks.begin(), header.blocks.end(), [this](const FrameBlock& block) {
    const auto found = wants_.find(block.id);
    return found != wants_.end() && found->second.state == State::kAsked;
  });
}

bool BlockFetcher::WantBases(const FrameHeader& header) {
  for (const FrameBlock& block : header.blocks) {
    const auto found = wants_.find(block.id);
    if (found == wants_.end() || found->second.state == State::kHere) continue;
    if (header.depth >= found->second.depth_end) return false;
    found->second.depth = std::max(found->second.depth, header.depth);
  }
  bool possible = true;
  for (const BlockId& base : header.bases) {
    Add(base, limits::kFrameBytesTarget / 16);
    Want& want = wants_.at(base);
    want.depth_end = std::min(want.depth_end, header.depth);
    possible &= want.depth < header.depth &&
                (want.state != State::kHere || want.block.depth < header.depth);
  }
  if (possible) return true;
  for (const BlockId& base : header.bases) Release(base);
  return false;
}

void BlockFetcher::OpenPending() {
  for (auto it = pending_.begin(); it != pending_.end();) {
    const auto current = it++;
    bool complete = true;
    absl::Status failure;
    for (const BlockId& base : current->header.bases) {
      const Want& want = wants_.at(base);
      if (want.state == State::kFailed && failure.ok()) failure = want.status;
      complete &= want.state == State::kHere;
    }
    if (!failure.ok()) {
      const Pending pending = std::move(*current);
      pending_.erase(current);
      for (const BlockId& base : pending.header.bases) Release(base);
      Settle(pending.reply, Annotate(failure, "a base of a delta frame"));
      if (pending.reply->opening == 0) FailWhatIsMissing(*pending.reply);
      // Others may have waited for what has failed now.
      it = pending_.begin();
    } else if (complete) {
      Pending pending = std::move(*current);
      pending_.erase(current);
      OpenWithBases(std::move(pending));
    }
  }
}

void BlockFetcher::OpenWithBases(Pending pending) {
  std::vector<FetchedBlock> bases;
  const std::vector<BlockId> ids = pending.header.bases;
  for (const BlockId& base : ids) bases.push_back(wants_.at(base).block);
  crew_.Run(
      [keys = opened_.keys, frame = std::move(pending.frame), bases = std::move(bases), ids] {
        std::vector<PlainBlock> plain;
        for (size_t i = 0; i < ids.size(); ++i) plain.push_back({ids[i], bases[i].bytes});
        return OpenFrame(*keys, frame, plain);
      },
      [this, reply = std::move(pending.reply), ids](absl::StatusOr<OpenedFrame> opened) {
        Settle(reply, std::move(opened));
        for (const BlockId& base : ids) Release(base);
        if (reply->opening == 0) FailWhatIsMissing(*reply);
        OpenPending();
        Ask();
      });
}

void BlockFetcher::Arrived(std::shared_ptr<const OpenedFrame> frame) {
  ++arrivals_;
  uint64_t wanted_bytes = 0;
  std::vector<std::pair<Want*, size_t>> wanted;
  for (size_t i = 0; i < frame->size(); ++i) {
    const auto found = wants_.find(frame->id(i));
    if (found == wants_.end() || found->second.state == State::kHere) continue;
    // As a base it would be part of a chain that nobody may open: it counts as not given.
    if (frame->header().depth >= found->second.depth_end) continue;
    wanted.emplace_back(&found->second, i);
    wanted_bytes += frame->block(i).size();
  }
  // A few small blocks must not keep a big frame in memory.
  const bool copies = wanted_bytes * 2 < frame->header().plaintext_bytes;
  for (const auto& [want, index] : wanted) {
    want->state = State::kHere;
    if (copies) {
      auto copy = std::make_shared<const std::string>(frame->block(index));
      want->block.bytes = *copy;
      want->block.owner = std::move(copy);
    } else {
      want->block = {frame, frame->block(index)};
    }
    want->block.depth = frame->header().depth;
  }
  cache_.Add(std::move(frame));
}

void BlockFetcher::FailWhatIsMissing(const Reply& reply) {
  for (const BlockId& id : reply.answered) {
    const auto found = wants_.find(id);
    if (found == wants_.end() || found->second.state != State::kAsked) continue;
    FailBlock(id, !reply.damage.ok()
                      ? reply.damage
                      : MakeError(Reason::kIntegrity,
                                  absl::StrCat("block ", id.ToHex(),
                                               " is not in the frames the service gave for it")));
  }
}

void BlockFetcher::FailBlock(const BlockId& id, const absl::Status& status) {
  const auto found = wants_.find(id);
  if (found == wants_.end()) return;
  ++arrivals_;
  found->second.state = State::kFailed;
  found->second.status = status;
}

}  // namespace syncengine
