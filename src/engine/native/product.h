// Products with a frozen matrix in bfloat16, added up in float32 (AVX512-BF16): the matrix is laid out once as the loop reads it.
#pragma once
#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "head.h"
#include "op.h"
#include "threads.h"

namespace petl {

// Columns stand in panels of 32: [panels, K / 2, 32] pairs of neighbouring rows.
inline void packPanels(const float* w, int64_t K, int64_t N, bool transposed, int64_t from, int64_t to, Pair* out) {
  for (int64_t panel = from; panel < to; panel++) {
    for (int64_t k = 0; k < K; k += 2) {
      Pair* const row = out + (panel * (K / 2) + k / 2) * vectors;
      for (int64_t c = 0; c < vectors; c++) {
        const int64_t n = panel * vectors + c;
        const float a = transposed ? w[n * K + k] : w[k * N + n], b = transposed ? w[n * K + k + 1] : w[(k + 1) * N + n];
        row[c] = narrowed(a) | static_cast<Pair>(narrowed(b)) << 16;
      }
    }
  }
}

// sum [R, 32] (+)= a [R, steps] b [steps, 32], both in pairs.
template <int R>
PETL_BF16 static inline void tile(const Pair* a, int64_t byRow, const Pair* b, int64_t steps, bool more, float* sum, int64_t bySum) {
  __m512 all[R][2];
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
    all[r][0] = more ? _mm512_loadu_ps(sum + r * bySum) : _mm512_setzero_ps();
    all[r][1] = more ? _mm512_loadu_ps(sum + r * bySum + 16) : _mm512_setzero_ps();
  }
  for (int64_t s = 0; s < steps; s++) {
    const __m512bh left = (__m512bh)_mm512_loadu_si512(b + s * vectors), right = (__m512bh)_mm512_loadu_si512(b + s * vectors + 16);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
      const __m512bh both = (__m512bh)_mm512_set1_epi32(static_cast<int>(a[r * byRow + s]));
      all[r][0] = _mm512_dpbf16_ps(all[r][0], both, left);
      all[r][1] = _mm512_dpbf16_ps(all[r][1], both, right);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
    _mm512_storeu_ps(sum + r * bySum, all[r][0]);
    _mm512_storeu_ps(sum + r * bySum + 16, all[r][1]);
  }
}

PETL_BF16 static inline void tileOf(int64_t rows, const Pair* a, int64_t byRow, const Pair* b, int64_t steps, bool more, float* sum, int64_t bySum) {
  switch (rows) {
    case 8: return tile<8>(a, byRow, b, steps, more, sum, bySum);
    case 7: return tile<7>(a, byRow, b, steps, more, sum, bySum);
    case 6: return tile<6>(a, byRow, b, steps, more, sum, bySum);
    case 5: return tile<5>(a, byRow, b, steps, more, sum, bySum);
    case 4: return tile<4>(a, byRow, b, steps, more, sum, bySum);
    case 3: return tile<3>(a, byRow, b, steps, more, sum, bySum);
    case 2: return tile<2>(a, byRow, b, steps, more, sum, bySum);
    default: return tile<1>(a, byRow, b, steps, more, sum, bySum);
  }
}

PETL_BF16 static inline void narrowRow(const float* sum, uint16_t* out) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(sum)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 16), (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(sum + 16)));
}

// x [M, K] times panels [N / 32, K / 2, 32]; `deep`: steps taken before the next panel, so that its part stays in the cache.
struct Product {
  static constexpr int64_t deep = 1024;
  const Pair *x, *panels;
  int64_t rows, steps, columns;
  uint16_t* out;

  // Some rows and panels.
  void part(int64_t row, int64_t rowEnd, int64_t panel, int64_t panelEnd) const {
    Pairs& pairs = Pairs::own();
    const int64_t width = (panelEnd - panel) * vectors;
    const bool whole = steps <= deep;
    float* const sums = pairs.floats(whole ? block * vectors : (rowEnd - row) * width);
    for (int64_t s = 0; s < steps; s += deep) {
      const int64_t n = std::min(deep, steps - s);
      for (int64_t p = panel; p < panelEnd; p++) {
        const Pair* const b = panels + (p * steps + s) * vectors;
        for (int64_t r = row; r < rowEnd; r += block) {
          const int64_t count = std::min(block, rowEnd - r), by = whole ? vectors : width;
          float* const sum = whole ? sums : sums + (r - row) * width + (p - panel) * vectors;
          tileOf(count, x + r * steps + s, steps, b, n, s > 0, sum, by);
          if (s + n < steps) continue;
          for (int64_t i = 0; i < count; i++) narrowRow(sum + i * by, out + (r + i) * columns + p * vectors);
        }
      }
    }
  }
};

inline void computePack(void* attributes, TF_OpKernelContext* context) {
  Run run(context);
  const bool transposed = static_cast<Attributes*>(attributes)->first != 0;
  const float* w = run.floats(0);
  const auto shape = run.shape(0);
  const int64_t K = shape.size() == 2 ? shape[transposed ? 1 : 0] : 1, N = shape.size() == 2 ? shape[transposed ? 0 : 1] : 1;
  if (!run.demand(K % 2 == 0 && N % vectors == 0, "PetlPack: a matrix [K, N], or [N, K], K even and N a multiple of 32")) return;
  Pair* out = reinterpret_cast<Pair*>(run.allocateHalves(0, {N / vectors, K / 2, 2 * vectors}));
  if (!run.fine()) return;
  Threads::all().share(N / vectors, 1, [=](int64_t from, int64_t to) { packPanels(w, K, N, transposed, from, to, out); });
}

inline void computeProduct(void*, TF_OpKernelContext* context) {
  Run run(context);
  const auto x = run.shape(0), packed = run.shape(1);
  if (!run.demand(x.size() == 2 && packed.size() == 3 && packed[1] * 2 == x[1] && packed[2] == 2 * vectors, "PetlProduct: x [M, K] and what PetlPack gives")) return;
  const int64_t panels = packed[0], rows = x[0];
  uint16_t* out = run.allocateHalves(0, {rows, panels * vectors});
  if (!run.fine()) return;
  const Product product{reinterpret_cast<const Pair*>(run.halves(0)), reinterpret_cast<const Pair*>(run.halves(1)), rows, packed[1], panels * vectors, out};
  Threads& threads = Threads::all();
  const int64_t blocks = (rows + block - 1) / block;
  if (product.steps > Product::deep && panels >= threads.size()) {
    // few parts: each reads all of x
    threads.share(panels, panels / threads.size(), [&](int64_t from, int64_t to) { product.part(0, rows, from, to); });
  } else if (blocks >= 4 * Threads::each * threads.size()) {
    threads.share(blocks, 1, [&](int64_t from, int64_t to) { product.part(from * block, std::min(rows, to * block), 0, panels); });
  } else {
    threads.share(panels, 1, [&](int64_t from, int64_t to) { product.part(0, rows, from, to); });
  }
}

} // namespace petl
