// exp, erf and a hash, written so that a compiler makes vector code of loops over them.
#pragma once
#include <cstdint>
#include <cstring>

#define PETL_INLINE static inline __attribute__((always_inline))

// Compiled for each width of vectors; the processor's best is chosen when the library loads.
#if defined(__GNUC__) && !defined(__clang__)
#define PETL_WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PETL_WIDE
#endif

namespace petl {

// Cephes' expf, 2 units in the last place; exactly 0 below -87, so that masked scores have no share at all.
PETL_INLINE float exponential(float x) {
  const float bounded = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
  const float rounder = 12582912.0f; // 1.5 * 2^23: adding it leaves an integer
  const float n = (bounded * 1.44269504088896341f + rounder) - rounder;
  const float r = (bounded - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return x < -87.0f ? 0.0f : p * power;
}

// The rational approximation that Eigen and XLA use, absolute error below 2e-7.
PETL_INLINE float errorFunction(float x) {
  x = x < -4.0f ? -4.0f : x > 4.0f ? 4.0f : x;
  const float s = x * x;
  float p = -2.72614225801306e-10f;
  p = p * s + 2.77068142495902e-08f;
  p = p * s - 2.10102402082508e-06f;
  p = p * s - 5.69250639462346e-05f;
  p = p * s - 7.34990630326855e-04f;
  p = p * s - 2.95459980854025e-03f;
  p = p * s - 1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * s - 2.13374055278905e-04f;
  q = q * s - 1.68282697438203e-03f;
  q = q * s - 7.37332916720468e-03f;
  q = q * s - 1.42647390514189e-02f;
  return x * p / q;
}

// A bfloat16 number is the upper half of a float32 one.
PETL_INLINE float widened(uint16_t x) {
  const uint32_t bits = static_cast<uint32_t>(x) << 16;
  float wide;
  std::memcpy(&wide, &bits, sizeof wide);
  return wide;
}

// Rounded to the nearest, to even where two are as near.
PETL_INLINE uint16_t narrowed(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return static_cast<uint16_t>(x != x ? 0x7fc0 : rounded);
}

// MurmurHash3's finaliser: every bit of x changes every bit of the result with probability one half.
PETL_INLINE uint32_t mixed(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x85ebca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2ae35u;
  return x ^ (x >> 16);
}

// What dropout keeps: the numbers at whose position a hash falls at or above the threshold, and what they are multiplied by.
// A seed is two numbers. Of a shard of a batch it goes on with how many blocks (rows, or sequences of a grid) the whole batch has
// and where in it each block of the shard stands: the shard's numbers are those that the whole would draw.
struct Thinning {
  Thinning() = default;
  Thinning(float rate, const int32_t* seed, int64_t count, int32_t stream)
      : first(mixed(static_cast<uint32_t>(seed[0]))), second(mixed(static_cast<uint32_t>(seed[1]) + 0x9e3779b9u * static_cast<uint32_t>(stream + 1))),
        threshold(static_cast<uint32_t>(rate * 4294967296.0)), scale(1.0f / (1.0f - rate)), places(count > 2 ? seed + 3 : nullptr), whole(count > 2 ? seed[2] : 0) {}
  bool any() const { return threshold != 0; }
  int64_t place(int64_t block) const { return places == nullptr ? block : places[block]; }
  int64_t blocks(int64_t own) const { return places == nullptr ? own : whole; }

  uint32_t first = 0, second = 0, threshold = 0;
  float scale = 1;
  const int32_t* places = nullptr;
  int64_t whole = 0;
};

// Whether a seed has as many numbers as something of so many blocks needs.
inline bool isSeed(int64_t count, int64_t blocks) { return count == 2 || count == 3 + blocks; }

} // namespace petl
