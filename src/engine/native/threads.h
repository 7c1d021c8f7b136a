// Shares out rows to a few threads of its own: the C API lends a kernel none of TensorFlow's.
#pragma once
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <thread>

namespace petl {

using Body = std::function<void(int64_t from, int64_t to)>;

class Threads {
 public:
  // As many as TensorFlow takes for an op: TF_NUM_INTRAOP_THREADS, or one for each core.
  static Threads& all() {
    static Threads* threads = new Threads; // helpers outlive static destructors
    return *threads;
  }

  // Whether the ops of this thread go without helpers: those of a program whose shards keep every core busy.
  static bool& alone() {
    thread_local bool alone = false;
    return alone;
  }

  // body over [0, count), in pieces of at least `least`, taken by whoever is free: the caller waits for no thread that another
  // op keeps busy. By the caller alone where another op has the helpers.
  void share(int64_t count, int64_t least, const Body& body) {
    const int64_t pieces = std::min<int64_t>(each * (helpers_ + 1), count / std::max<int64_t>(1, least));
    if (helpers_ == 0 || pieces <= 1 || alone() || !taken_.try_lock()) return body(0, count);
    Work work;
    {
      std::lock_guard<std::mutex> lock(state_);
      work_ = work = {&body, count, pieces, work_.round + 1};
      left_ = pieces;
      next_ = work.round << 32;
    }
    wake_.notify_all();
    take(work);
    for (int spin = 0; spin < 2000 && left_.load(std::memory_order_acquire) > 0; spin++) std::atomic_signal_fence(std::memory_order_seq_cst);
    if (left_.load(std::memory_order_acquire) > 0) {
      std::unique_lock<std::mutex> lock(state_);
      done_.wait(lock, [this] { return left_.load() == 0; });
    }
    taken_.unlock();
  }

 private:
  static constexpr int64_t each = 4; // pieces a thread: a thread that comes late leaves the others little to wait for

  struct Work {
    const Body* body = nullptr;
    int64_t count = 0, pieces = 0;
    uint64_t round = 0;
  };

  Threads() {
    const char* asked = std::getenv("TF_NUM_INTRAOP_THREADS");
    const int wanted = asked != nullptr ? std::atoi(asked) : 0;
    helpers_ = (wanted > 0 ? wanted : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))) - 1;
    for (int i = 0; i < helpers_; i++) std::thread([this] { serve(); }).detach();
  }

  // Pieces of this round until none is left, or another has begun.
  void take(const Work& work) {
    for (uint64_t next = next_.load();;) {
      const int64_t piece = static_cast<int64_t>(next & 0xffffffff);
      if (next >> 32 != (work.round & 0xffffffff) || piece >= work.pieces) return;
      if (!next_.compare_exchange_weak(next, next + 1)) continue;
      (*work.body)(work.count * piece / work.pieces, work.count * (piece + 1) / work.pieces);
      if (left_.fetch_sub(1) == 1) {
        std::lock_guard<std::mutex> lock(state_);
        done_.notify_all();
      }
      next = next_.load();
    }
  }

  [[noreturn]] void serve() {
    for (uint64_t seen = 0;;) {
      Work work;
      {
        std::unique_lock<std::mutex> lock(state_);
        wake_.wait(lock, [&] { return work_.round != seen; });
        work = work_;
        seen = work.round;
      }
      take(work);
    }
  }

  std::mutex taken_, state_;
  std::condition_variable wake_, done_;
  Work work_;
  std::atomic<uint64_t> next_{0}; // the round's last 32 bits and the next piece
  std::atomic<int64_t> left_{0};
  int helpers_;
};

} // namespace petl
