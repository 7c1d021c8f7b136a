// Attention of one head, its products in bfloat16 added up in float32 (AVX512-BF16), as PyTorch's autocast computes it.
// Scores and shares never leave the cache; the gradient computes them again (Dao et al. 2022, algorithms 1 and 4).
#pragma once
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "functions.h"

#define PETL_BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

namespace petl {

using Pair = uint32_t;          // two bfloat16 numbers, the first in the low half
constexpr int64_t block = 8;    // rows of a product that are computed together
constexpr int64_t vectors = 32; // numbers of a row that are computed together: two vectors of 16

inline int64_t roundUp(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// How far it is from one row to the next: in q, k, v and their gradients, in y and its gradient, in mass.
struct Steps { int64_t input, output, mass; };

// Queries [T, width] and what they ask: keys and values [K, width], of which `seen` are not masked for all of them.
struct Head {
  const float *q, *k, *v, *mask;
  int64_t queries, seen, width, byQuery, step, columns; // columns: of y, width or width + 1
  Steps steps;
  uint32_t first, byDraw; // dropout's index of the first query's first share, and how far the next query's is
  const Thinning* thin;
};

// out[d] = (a[d], b[d]); n a multiple of 16, b may be missing.
PETL_BF16 static inline void across(const float* a, const float* b, Pair* out, int64_t n) {
  for (int64_t d = 0; d < n; d += 16) {
    const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(a + d)));
    const __m512i high = b == nullptr ? _mm512_setzero_si512() : _mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(b + d))), 16);
    _mm512_storeu_si512(out + d, _mm512_or_si512(low, high));
  }
}

// out[p] = (x[2p], x[2p + 1]); n a multiple of 32.
PETL_BF16 static inline void along(const float* x, Pair* out, int64_t n) {
  for (int64_t d = 0; d < n; d += 32) _mm512_storeu_si512(out + d / 2, (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + d + 16), _mm512_loadu_ps(x + d)));
}

// out [8, columns] = sum over steps of a[row, step] b[step, column], both in pairs; columns a multiple of 32, in rows of `stride`.
PETL_BF16 static inline void products(const Pair* a, int64_t byRow, int64_t byStep, const Pair* b, int64_t steps, int64_t columns, int64_t stride, float* out) {
  for (int64_t c = 0; c < columns; c += vectors) {
    __m512 sum[block][2];
#pragma GCC unroll 8
    for (int r = 0; r < block; r++) sum[r][0] = sum[r][1] = _mm512_setzero_ps();
    for (int64_t s = 0; s < steps; s++) {
      const __m512bh left = (__m512bh)_mm512_loadu_si512(b + s * stride + c), right = (__m512bh)_mm512_loadu_si512(b + s * stride + c + 16);
#pragma GCC unroll 8
      for (int r = 0; r < block; r++) {
        const __m512bh both = (__m512bh)_mm512_set1_epi32(static_cast<int>(a[r * byRow + s * byStep]));
        sum[r][0] = _mm512_dpbf16_ps(sum[r][0], both, left);
        sum[r][1] = _mm512_dpbf16_ps(sum[r][1], both, right);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < block; r++) {
      _mm512_storeu_ps(out + r * stride + c, sum[r][0]);
      _mm512_storeu_ps(out + r * stride + c + 16, sum[r][1]);
    }
  }
}

// The buffers of one thread.
class Pairs {
 public:
  Pair* take(int64_t n) {
    if (used_ == held_.size()) held_.emplace_back();
    std::vector<Pair>& own = held_[used_++];
    if (own.size() < static_cast<size_t>(n)) own.resize(static_cast<size_t>(n));
    return own.data();
  }
  float* floats(int64_t n) { return reinterpret_cast<float*>(take(n)); }
  void free() { used_ = 0; }

  static Pairs& own() {
    static thread_local Pairs pairs;
    pairs.free();
    return pairs;
  }

 private:
  std::vector<std::vector<Pair>> held_;
  size_t used_ = 0;
};

// [n, width] -> [width / 2, padded]: pairs along the rows, transposed; zero behind n. `stride`: from one row to the next.
PETL_BF16 static inline void transposed(const float* x, int64_t n, int64_t width, int64_t stride, int64_t padded, Pair* out) {
  Pair row[16];
  for (int64_t d = 0; d < width; d += 32) {
    Pair* const to = out + d / 2 * padded;
    for (int64_t j = 0; j < n; j++) {
      along(x + j * stride + d, row, 32);
      for (int64_t p = 0; p < 16; p++) to[p * padded + j] = row[p];
    }
    for (int64_t p = 0; p < 16; p++) std::fill(to + p * padded + n, to + (p + 1) * padded, 0);
  }
}

// [n, width] -> [padded / 2, width]: pairs of neighbouring rows; zero behind n.
PETL_BF16 static inline void paired(const float* x, int64_t n, int64_t width, int64_t stride, int64_t padded, Pair* out) {
  for (int64_t i = 0; i < padded; i += 2, out += width) {
    if (i < n) across(x + i * stride, i + 1 < n ? x + (i + 1) * stride : nullptr, out, width);
    else std::fill(out, out + width, 0);
  }
}

// [n, width] -> [padded, width / 2]: pairs along the rows; zero behind n.
PETL_BF16 static inline void rowPairs(const float* x, int64_t n, int64_t width, int64_t stride, int64_t padded, Pair* out) {
  for (int64_t i = 0; i < n; i++) along(x + i * stride, out + i * (width / 2), width);
  std::fill(out + n * (width / 2), out + padded * (width / 2), 0);
}

PETL_BF16 PETL_INLINE __m512 exponentials(__m512 x) {
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504088896341f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x));
  __m512 p = _mm512_set1_ps(8.3334519073e-3f);
  for (const float c : {4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f, 1.0f, 1.0f}) p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
  return _mm512_scalef_ps(p, n); // 0 far below
}

// How many keys some of the n queries from `query` on may see: those behind have shares of exactly 0, half of all under
// a causal mask. A query whose keys are all masked sees all.
static inline int64_t reached(const Head& head, int64_t query, int64_t n) {
  if (head.byQuery == 0 || head.step == 0) return head.seen;
  int64_t most = 0;
  for (const float* mask = head.mask + query * head.byQuery; n > 0; n--, mask += head.byQuery) {
    int64_t keys = head.seen;
    while (keys > 0 && mask[keys - 1] < -1e8f) keys--;
    if (keys == 0) return head.seen;
    most = std::max(most, keys);
  }
  return most;
}

// The 16 scores from j on with their mask; -inf behind the last key.
PETL_BF16 PETL_INLINE __m512 masked(const Head& head, const float* mask, const float* scores, int64_t j) {
  const int64_t left = head.seen - j;
  const __mmask16 live = left >= 16 ? 0xffff : left <= 0 ? 0 : static_cast<__mmask16>((1 << left) - 1);
  const __m512 added = head.step == 0 ? _mm512_set1_ps(mask[0]) : _mm512_maskz_loadu_ps(live, mask + j);
  return _mm512_mask_add_ps(_mm512_set1_ps(-INFINITY), live, _mm512_loadu_ps(scores + j), added);
}

// exp(scores + mask - the largest) in place of the scores, 0 behind the last key. Returns the log of the sum of exp(scores + mask).
PETL_BF16 static inline float exponentiate(const Head& head, int64_t query, int64_t padded, float* scores, float* sum) {
  const float* mask = head.mask + query * head.byQuery;
  __m512 most = _mm512_set1_ps(-INFINITY), all = _mm512_setzero_ps();
  for (int64_t j = 0; j < padded; j += 16) {
    const __m512 x = masked(head, mask, scores, j);
    _mm512_storeu_ps(scores + j, x);
    most = _mm512_max_ps(x, most);
  }
  const float top = _mm512_reduce_max_ps(most);
  for (int64_t j = 0; j < padded; j += 16) {
    const __m512 x = exponentials(_mm512_sub_ps(_mm512_loadu_ps(scores + j), _mm512_set1_ps(top)));
    _mm512_storeu_ps(scores + j, x);
    all = _mm512_add_ps(all, x);
  }
  *sum = _mm512_reduce_add_ps(all);
  return top + std::log(*sum);
}

// The shares again, from the scores and the log of their mass.
PETL_BF16 static inline void sharesAgain(const Head& head, int64_t query, int64_t padded, float mass, float* scores) {
  const float* mask = head.mask + query * head.byQuery;
  for (int64_t j = 0; j < padded; j += 16) _mm512_storeu_ps(scores + j, exponentials(_mm512_sub_ps(masked(head, mask, scores, j), _mm512_set1_ps(mass))));
}

// Multiplies by what dropout makes of each share: 0 or 1 / (1 - rate).
PETL_BF16 static inline void thinned(const Head& head, int64_t query, int64_t near, float* x) {
  const Thinning thin = *head.thin;
  const uint32_t first = head.first + static_cast<uint32_t>(query) * head.byDraw, n = static_cast<uint32_t>(std::min(head.seen, near));
  for (uint32_t j = 0; j < n; j++) {
    const uint32_t drawn = mixed(mixed((first + j) ^ thin.first) + thin.second);
    x[j] *= drawn >= thin.threshold ? thin.scale : 0.0f;
  }
}

// y [T, columns]: the context, and where there is room the log mass; mass [T].
PETL_BF16 static void headForward(const Head& head, float* y, float* mass) {
  const int64_t T = head.queries, K = head.seen, width = head.width, rows = roundUp(T, block), padded = roundUp(K, vectors);
  Pairs& pairs = Pairs::own();
  Pair *q = pairs.take(rows * width / 2), *k = pairs.take(padded * width / 2), *v = pairs.take(padded * width / 2), *shares = pairs.take(block * padded / 2);
  float *scores = pairs.floats(block * padded), *context = pairs.floats(block * width);
  rowPairs(head.q, T, width, head.steps.input, rows, q);
  transposed(head.k, K, width, head.steps.input, padded, k);
  paired(head.v, K, width, head.steps.input, padded, v);
  for (int64_t i = 0; i < T; i += block) {
    const int64_t n = std::min(block, T - i), near = roundUp(reached(head, i, n), vectors);
    products(q + i * (width / 2), width / 2, 1, k, width / 2, near, padded, scores);
    for (int64_t r = 0; r < n; r++) {
      float *row = scores + r * padded, sum;
      mass[(i + r) * head.steps.mass] = exponentiate(head, i + r, near, row, &sum);
      if (head.thin->any()) thinned(head, i + r, near, row);
      for (int64_t j = 0; j < near; j++) row[j] *= 1.0f / sum;
    }
    for (int64_t r = 0; r < block; r++) along(scores + r * padded, shares + r * (padded / 2), near);
    products(shares, padded / 2, 1, v, near / 2, width, width, context);
    for (int64_t r = 0; r < n; r++) {
      float* const to = y + (i + r) * head.steps.output;
      std::copy(context + r * width, context + (r + 1) * width, to);
      if (head.columns > width) to[width] = mass[(i + r) * head.steps.mass];
    }
  }
}

// What the loss says of y, and where the gradients go; keys' and values' are added up over the heads that share them.
struct HeadGradient { const float *y, *mass, *dy; float *dq, *dk, *dv; bool more; };

PETL_BF16 static inline void store(const float* from, int64_t rows, int64_t width, float* to, int64_t stride, bool more) {
  for (int64_t row = 0; row < rows; row++, from += width, to += stride) {
    for (int64_t i = 0; i < width; i++) to[i] = more ? to[i] + from[i] : from[i];
  }
}

PETL_BF16 static void headBackward(const Head& head, const HeadGradient& to) {
  const auto [stride, byOut, byMass] = head.steps;
  const int64_t T = head.queries, K = head.seen, width = head.width, rows = roundUp(T, block), padded = roundUp(K, vectors);
  Pairs& pairs = Pairs::own();
  Pair *q = pairs.take(rows * width / 2), *dy = pairs.take(rows * width / 2), *qAcross = pairs.take(rows * width / 2), *dyAcross = pairs.take(rows * width / 2);
  Pair *k = pairs.take(padded * width / 2), *v = pairs.take(padded * width / 2), *kAcross = pairs.take(padded * width / 2), *row32 = pairs.take(block * padded / 2);
  Pair *sharesAcross = pairs.take(rows / 2 * padded), *dScoresAcross = pairs.take(rows / 2 * padded), *nearest = pairs.take(rows / block);
  float *shares = pairs.floats(block * padded), *dShares = pairs.floats(block * padded), *out = pairs.floats(block * width), *dContext = pairs.floats(rows * width);
  for (int64_t i = 0; i < T; i++) std::copy(to.dy + i * byOut, to.dy + i * byOut + width, dContext + i * width);
  rowPairs(head.q, T, width, stride, rows, q);
  rowPairs(dContext, T, width, width, rows, dy);
  paired(head.q, T, width, stride, rows, qAcross);
  paired(dContext, T, width, width, rows, dyAcross);
  transposed(head.k, K, width, stride, padded, k);
  transposed(head.v, K, width, stride, padded, v);
  paired(head.k, K, width, stride, padded, kAcross);
  for (int64_t i = 0; i < rows; i += block) {
    const int64_t near = roundUp(reached(head, i, std::min(block, T - i)), vectors);
    nearest[i / block] = static_cast<Pair>(near);
    products(q + i * (width / 2), width / 2, 1, k, width / 2, near, padded, shares);
    products(dy + i * (width / 2), width / 2, 1, v, width / 2, near, padded, dShares);
    for (int64_t r = 0; r < block; r++) {
      float *p = shares + r * padded, *d = dShares + r * padded;
      const int64_t query = i + r;
      if (query >= T) {
        std::fill(p, p + near, 0.0f);
        std::fill(d, d + near, 0.0f);
        continue;
      }
      const float *y = to.y + query * byOut, *given = to.dy + query * byOut;
      float level = 0;
#pragma omp simd reduction(+ : level)
      for (int64_t c = 0; c < width; c++) level += y[c] * given[c];
      if (head.columns > width) level -= given[width];
      sharesAgain(head, query, near, to.mass[query * byMass], p);
      if (head.thin->any()) thinned(head, query, near, d);
      for (int64_t j = 0; j < near; j++) d[j] = (d[j] - level) * p[j]; // shares behind the last key are 0
      if (head.thin->any()) thinned(head, query, near, p);
    }
    for (int64_t r = 0; r < block; r += 2) {
      for (const auto& [from, into] : {std::pair{shares, sharesAcross}, std::pair{dShares, dScoresAcross}}) {
        Pair* const pair = into + (i + r) / 2 * padded;
        across(from + r * padded, from + (r + 1) * padded, pair, near);
        std::fill(pair + near, pair + padded, 0);
      }
    }
    for (int64_t r = 0; r < block; r++) along(dShares + r * padded, row32 + r * (padded / 2), near);
    products(row32, padded / 2, 1, kAcross, near / 2, width, width, out);
    store(out, std::max<int64_t>(0, std::min(block, T - i)), width, to.dq + i * stride, stride, false);
  }
  for (int64_t j = 0; j < K; j += block) {
    const int64_t n = std::min(block, K - j);
    int64_t first = 0; // the pair of queries from which on some see these keys
    while (first < rows / 2 && nearest[first * 2 / block] <= static_cast<Pair>(j)) first += block / 2;
    products(dScoresAcross + first * padded + j, 1, padded, qAcross + first * width, rows / 2 - first, width, width, out);
    store(out, n, width, to.dk + j * stride, stride, to.more);
    products(sharesAcross + first * padded + j, 1, padded, dyAcross + first * width, rows / 2 - first, width, width, out);
    store(out, n, width, to.dv + j * stride, stride, to.more);
  }
}

} // namespace petl
