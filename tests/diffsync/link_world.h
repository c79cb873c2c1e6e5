// A hub and its writers, one step of the network at a time.
#ifndef SYNCENGINE_TESTS_DIFFSYNC_LINK_WORLD_H_
#define SYNCENGINE_TESTS_DIFFSYNC_LINK_WORLD_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "tests/diffsync/live_world.h"

namespace syncengine::diffsync_test {

class LinkWorld {
 public:
  // Everybody begins with `text`.
  LinkWorld(const WorldOptions& options, absl::string_view text);

  Generator& random() { return random_; }
  LiveText& text(size_t writer) { return writers_[writer].text; }
  size_t size() const { return writers_.size(); }
  std::string Text() const { return hub_.Text(); }

  // Called when a writer made a packet (perhaps one that it made before), when the hub answered
  // one, and when a reply changed what a writer has.
  std::function<void(size_t writer, const std::string& packet)> on_packet;
  std::function<void(size_t writer, const std::string& packet, const std::string& reply)> on_answer;
  std::function<void(size_t writer, const std::string& reply, const LiveArrival& arrival)>
      on_arrival;

  // One thing happens to a writer's link.
  void Step(size_t writer);
  // To be told of each edit: writers go offline while they edit.
  void Edited(size_t writer);
  void ComeOnline(size_t writer) { writers_[writer].offline = 0; }
  // The network heals and everything is exchanged.
  Verdict Settle();

 private:
  struct Writer {
    LiveText text;
    std::deque<std::string> to_hub, to_writer;
    size_t offline = 0;  // Edits until it is back.
  };

  std::string Ask(size_t writer);
  absl::StatusOr<LiveAnswer> Answer(size_t writer, const std::string& packet);
  void Arrive(size_t writer, const std::string& reply);
  void Restart(size_t writer);

  WorldOptions options_;
  Generator random_;
  LiveHub hub_;
  std::vector<Writer> writers_;
  uint64_t kept_ = 0;
  std::string failure_;
};

}  // namespace syncengine::diffsync_test

#endif  // SYNCENGINE_TESTS_DIFFSYNC_LINK_WORLD_H_
