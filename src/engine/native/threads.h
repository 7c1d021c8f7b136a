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

  // body over [0, count), in pieces of at least `least`; by the caller alone where another op has the helpers.
  void share(int64_t count, int64_t least, const Body& body) {
    const int64_t parts = std::min<int64_t>(helpers_ + 1, count / std::max<int64_t>(1, least));
    if (parts <= 1 || !taken_.try_lock()) return body(0, count);
    {
      std::lock_guard<std::mutex> lock(state_);
      body_ = &body;
      count_ = count;
      parts_ = parts;
      left_ = parts - 1;
      round_++;
    }
    wake_.notify_all();
    body(0, count / parts);
    for (int spin = 0; spin < 2000 && left_.load(std::memory_order_acquire) > 0; spin++) std::atomic_signal_fence(std::memory_order_seq_cst);
    if (left_.load(std::memory_order_acquire) > 0) {
      std::unique_lock<std::mutex> lock(state_);
      done_.wait(lock, [this] { return left_.load() == 0; });
    }
    taken_.unlock();
  }

 private:
  Threads() {
    const char* asked = std::getenv("TF_NUM_INTRAOP_THREADS");
    const int wanted = asked != nullptr ? std::atoi(asked) : 0;
    helpers_ = (wanted > 0 ? wanted : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))) - 1;
    for (int i = 1; i <= helpers_; i++) std::thread([this, i] { serve(i); }).detach();
  }

  [[noreturn]] void serve(int self) {
    for (uint64_t seen = 0;;) {
      const Body* body;
      int64_t from, to;
      {
        std::unique_lock<std::mutex> lock(state_);
        wake_.wait(lock, [&] { return round_ != seen; });
        seen = round_;
        if (self >= parts_) continue;
        body = body_;
        from = count_ * self / parts_;
        to = count_ * (self + 1) / parts_;
      }
      (*body)(from, to);
      if (left_.fetch_sub(1) == 1) {
        std::lock_guard<std::mutex> lock(state_);
        done_.notify_all();
      }
    }
  }

  std::mutex taken_, state_;
  std::condition_variable wake_, done_;
  uint64_t round_ = 0;
  const Body* body_ = nullptr;
  int64_t count_ = 0, parts_ = 0;
  std::atomic<int64_t> left_{0};
  int helpers_;
};

} // namespace petl
