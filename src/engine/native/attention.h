// softmax(Q K^T + mask) V by head as one op, and its gradient as another, where the processor multiplies bfloat16.
#pragma once
#include <cstdint>

#include "op.h"
#include "threads.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#include "head.h"

namespace petl {

inline bool hasBfloat16() { return __builtin_cpu_supports("avx512bf16") != 0; }

// q [B, heads, T, w], k and v [B, shared, K, w], a mask that broadcasts to [B, heads, T, K], a seed (functions.h).
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
    if (!run.demand(strides_.size() == 4 && isSeed(Run::count(run.shape(4)), batch), "PetlAttention: a mask that broadcasts to [B, h, T, K], and a seed of two numbers, or of three and B places")) return;
    if (with.first > 0) thin_ = Thinning(with.first, seed, Run::count(run.shape(4)), with.stream);
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
    const int64_t drawn = (thin_.place(b) * heads + h) * queries * keys;
    const float* mask = mask_ + b * strides_[0] + h * strides_[1];
    return {q_ + row * width, k_ + item * keys * width, v_ + item * keys * width, mask, queries, seen(mask), width, strides_[2], keys == 1 ? 0 : strides_[3], columns,
            {width, columns, 1}, static_cast<uint32_t>(drawn), static_cast<uint32_t>(keys), &thin_};
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
    for (float* unseen : {dk, dv}) {
      if (first) std::fill(unseen + (key + head.seen) * asked.width, unseen + (key + asked.keys) * asked.width, 0.0f);
    }
    headBackward(head, {y + row * asked.columns, mass + row, dy + row * asked.columns, dq + row * asked.width, dk + key * asked.width, dv + key * asked.width, !first});
  });
}

// Attention of every sequence to itself, all rows packed: [N, 3, h, w] holds the queries, keys and values of N rows, where sequence
// after sequence stands from the first on, and `last` [B] says which row is the last of each. Nothing is padded, nothing moved.
class PackedRows {
 public:
  PackedRows(Run& run, const Attributes& with) {
    const auto all = run.shape(0);
    if (!run.demand(all.size() == 4 && all[1] == 3 && all[3] % vectors == 0 && run.shape(1).size() == 1 && isSeed(Run::count(run.shape(2)), all[0]),
                    "PetlPackedAttention: queries, keys and values [N, 3, h, w], w a multiple of 32, the last row of each sequence [B], a seed of two numbers, or of three and N places")) return;
    rows = all[0], heads = all[2], width = all[3], sequences = run.shape(1)[0];
    columns = width + (with.second != 0 ? 1 : 0);
    all_ = run.floats(0), last_ = run.ints(1);
    int64_t before = -1;
    for (int64_t b = 0; b < sequences; before = last_[b++]) {
      if (!run.demand(last_[b] > before && last_[b] < rows, "PetlPackedAttention: last rows that grow and are rows")) return;
    }
    if (with.first > 0) thin_ = Thinning(with.first, run.ints(2), Run::count(run.shape(2)), with.stream);
  }

  std::vector<int64_t> grid(int64_t last) const { return {rows, heads, last}; }
  int64_t used() const { return sequences == 0 ? 0 : last_[sequences - 1] + 1; }

  // body(head, its first row, its index)
  template <typename Body>
  void each(const Body& body) const {
    const static float open = 0;
    Threads::all().share(sequences * heads, 1, [&](int64_t from, int64_t to) {
      for (int64_t item = from; item < to; item++) {
        const int64_t b = item / heads, h = item % heads, first = b == 0 ? 0 : last_[b - 1] + 1, n = last_[b] + 1 - first, by = 3 * heads * width;
        const int64_t whole = thin_.blocks(rows); // rows of the batch that the numbers are drawn for
        const float* q = all_ + first * by + h * width;
        body(Head{q, q + heads * width, q + 2 * heads * width, &open, n, n, width, 0, 0, columns, {by, heads * columns, heads},
                  static_cast<uint32_t>((thin_.place(first) * heads + h) * whole), static_cast<uint32_t>(heads * whole), &thin_}, first, h);
      }
    });
  }

  int64_t rows = 0, heads = 0, width = 0, sequences = 0, columns = 0;

 private:
  const float* all_ = nullptr;
  const int32_t* last_ = nullptr;
  Thinning thin_;
};

inline void computePackedAttention(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const PackedRows packed(run, *static_cast<Attributes*>(kernel));
  if (!run.fine()) return;
  float *y = run.allocate(0, packed.grid(packed.columns)), *mass = run.allocate(1, packed.grid(1));
  if (!run.fine()) return;
  const int64_t heads = packed.heads, columns = packed.columns;
  std::fill(y + packed.used() * heads * columns, y + packed.rows * heads * columns, 0.0f); // rows of no sequence
  std::fill(mass + packed.used() * heads, mass + packed.rows * heads, 0.0f);
  packed.each([&](const Head& head, int64_t row, int64_t h) { headForward(head, y + (row * heads + h) * columns, mass + row * heads + h); });
}

inline void computePackedAttentionGrad(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const PackedRows packed(run, *static_cast<Attributes*>(kernel));
  if (!run.demand(run.shape(3) == packed.grid(packed.columns) && run.shape(4) == packed.grid(1) && run.shape(5) == run.shape(3), "PetlPackedAttentionGrad: y, mass and dy as PetlPackedAttention gives them")) return;
  const float *y = run.floats(3), *mass = run.floats(4), *dy = run.floats(5);
  float* dAll = run.allocate(0, run.shape(0));
  if (!run.fine()) return;
  const int64_t heads = packed.heads, columns = packed.columns, width = packed.width, by = 3 * heads * width;
  std::fill(dAll + packed.used() * by, dAll + packed.rows * by, 0.0f);
  packed.each([&](const Head& head, int64_t row, int64_t h) {
    const int64_t at = row * heads + h;
    float* const dq = dAll + row * by + h * width;
    headBackward(head, {y + at * columns, mass + at, dy + at * columns, dq, dq + heads * width, dq + 2 * heads * width, false});
  });
}

} // namespace petl
#endif
