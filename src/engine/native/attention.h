// softmax(Q K^T + mask) V by head as one op, and its gradient as another, where the processor multiplies bfloat16.
#pragma once
#include <cstdint>

#include "op.h"
#include "threads.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#include "head.h"

namespace petl {

inline bool hasBfloat16() { return __builtin_cpu_supports("avx512bf16") != 0; }

// q [B, heads, T, w], k and v [B, shared, K, w], a mask that broadcasts to [B, heads, T, K], a seed of two numbers.
class Asked {
 public:
  Asked(Run& run, const Attributes& with) : run_(run) {
    const auto q = run.shape(0), k = run.shape(1);
    if (!run.demand(q.size() == 4 && k.size() == 4 && run.shape(2) == k && q[0] == k[0] && q[3] == k[3] && k[1] > 0 && q[1] % k[1] == 0 && k[2] > 0 && q[3] % vectors == 0,
                    "PetlAttention: q [B, h, T, w], k and v [B, g, K, w], w a multiple of 32, h of g")) return;
    batch = q[0], heads = q[1], queries = q[2], width = q[3], shared = k[1], keys = k[2];
    columns = width + (with.second != 0 ? 1 : 0);
    strides_ = stridesOf(run.shape(3), {batch, heads, queries, keys});
    const int32_t* seed = run.ints(4);
    if (!run.demand(strides_.size() == 4 && Run::count(run.shape(4)) == 2, "PetlAttention: a mask that broadcasts to [B, h, T, K], and a seed of two numbers")) return;
    if (with.first > 0) thin_ = Thinning(with.first, seed, with.stream);
    q_ = run.floats(0), k_ = run.floats(1), v_ = run.floats(2), mask_ = run.floats(3);
  }

  std::vector<int64_t> grid(int64_t last) const { return {batch, heads, queries, last}; }

  // body(head, index of its first row of queries, index of its first row of keys, whether it is the first to ask them)
  template <typename Body>
  void each(const Body& body) const {
    Threads::all().share(batch * shared, 1, [&](int64_t from, int64_t to) {
      for (int64_t item = from; item < to; item++) {
        for (int64_t n = 0; n < heads / shared; n++) {
          const int64_t row = (item * (heads / shared) + n) * queries;
          body(head(item, n), row, item * keys, n == 0);
        }
      }
    });
  }

  int64_t batch = 0, heads = 0, queries = 0, width = 0, shared = 1, keys = 0, columns = 0;

 private:
  Head head(int64_t item, int64_t n) const {
    const int64_t b = item / shared, h = item % shared * (heads / shared) + n, row = (b * heads + h) * queries;
    const float* mask = mask_ + b * strides_[0] + h * strides_[1];
    return {q_ + row * width, k_ + item * keys * width, v_ + item * keys * width, mask, queries, keys, seen(mask), width, strides_[2], keys == 1 ? 0 : strides_[3], columns,
            static_cast<uint32_t>(row * keys), &thin_};
  }

  // Keys behind the last that any query may see have no share at all; a head whose keys are all masked sees all.
  int64_t seen(const float* mask) const {
    if (strides_[2] != 0 || strides_[3] == 0) return keys;
    int64_t n = keys;
    while (n > 0 && mask[n - 1] < -1e8f) n--;
    return n == 0 ? keys : n;
  }

  Run& run_;
  const float *q_ = nullptr, *k_ = nullptr, *v_ = nullptr, *mask_ = nullptr;
  std::vector<int64_t> strides_;
  Thinning thin_;
};

inline void computeAttention(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const Asked asked(run, *static_cast<Attributes*>(kernel));
  if (!run.fine()) return;
  float *y = run.allocate(0, asked.grid(asked.columns)), *mass = run.allocate(1, asked.grid(1));
  if (!run.fine()) return;
  asked.each([&](const Head& head, int64_t row, int64_t, bool) { headForward(head, y + row * asked.columns, mass + row); });
}

inline void computeAttentionGrad(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const Asked asked(run, *static_cast<Attributes*>(kernel));
  if (!run.demand(run.shape(5) == asked.grid(asked.columns) && run.shape(6) == asked.grid(1) && run.shape(7) == run.shape(5), "PetlAttentionGrad: y, mass and dy as PetlAttention gives them")) return;
  const float *y = run.floats(5), *mass = run.floats(6), *dy = run.floats(7);
  float *dq = run.allocate(0, run.shape(0)), *dk = run.allocate(1, run.shape(1)), *dv = run.allocate(2, run.shape(1));
  if (!run.fine()) return;
  asked.each([&](const Head& head, int64_t row, int64_t key, bool first) {
    headBackward(head, {y + row * asked.columns, mass + row, dy + row * asked.columns, dq + row * asked.width, dk + key * asked.width, dv + key * asked.width, !first});
  });
}

} // namespace petl
#endif
