// The loops of the kernels over contiguous floats. What `out` may share memory with is read before it is written.
#pragma once
#include <cmath>
#include "functions.h"

namespace petl {

// One step of Adam, each number in turn as TensorFlow's ApplyAdam computes it. Not PETL_WIDE: products and sums would be
// joined there and round once where they must twice, and memory is what it waits for.
struct AdamStep { float beta1, beta2, size, epsilon, factor, kept; };

inline void adam(float* w, float* m, float* v, const float* g, int64_t n, const AdamStep& with) {
  const float take1 = 1.0f - with.beta1, take2 = 1.0f - with.beta2;
  for (int64_t i = 0; i < n; i++) {
    const float slope = g[i] * with.factor;
    m[i] += (slope - m[i]) * take1;
    v[i] += (slope * slope - v[i]) * take2;
    w[i] = w[i] * with.kept - m[i] * with.size / (std::sqrt(v[i]) + with.epsilon);
  }
}

// outer x (1 + erf(inner x)): GELU with (1 / sqrt(2), 1 / 2).
PETL_WIDE void gelu(const float* x, float* out, int64_t n, float inner, float outer) {
  for (int64_t i = 0; i < n; i++) out[i] = outer * x[i] * (1.0f + errorFunction(inner * x[i]));
}

PETL_WIDE void geluGrad(const float* dy, const float* x, float* out, int64_t n, float inner, float outer) {
  for (int64_t i = 0; i < n; i++) {
    const float z = inner * x[i];
    out[i] = dy[i] * outer * (1.0f + errorFunction(z) + z * 1.12837916709551257f * exponential(-z * z)); // 2 / sqrt(pi)
  }
}

// z + bias, one bias a column.
PETL_WIDE void narrowBias(const uint16_t* z, const float* bias, float* out, int64_t rows, int64_t width) {
  for (int64_t row = 0; row < rows; row++, z += width, out += width) {
    for (int64_t i = 0; i < width; i++) out[i] = widened(z[i]) + bias[i];
  }
}

// GELU between two products in bfloat16: of z + bias, one bias a column.
PETL_WIDE void narrowGelu(const uint16_t* z, const float* bias, uint16_t* out, int64_t rows, int64_t width, float inner, float outer) {
  for (int64_t row = 0; row < rows; row++, z += width, out += width) {
    for (int64_t i = 0; i < width; i++) {
      const float x = widened(z[i]) + bias[i];
      out[i] = narrowed(outer * x * (1.0f + errorFunction(inner * x)));
    }
  }
}

PETL_WIDE void narrowGeluGrad(const uint16_t* dy, const uint16_t* z, const float* bias, uint16_t* out, int64_t rows, int64_t width, float inner, float outer) {
  for (int64_t row = 0; row < rows; row++, dy += width, z += width, out += width) {
    for (int64_t i = 0; i < width; i++) {
      const float x = inner * (widened(z[i]) + bias[i]);
      out[i] = narrowed(widened(dy[i]) * outer * (1.0f + errorFunction(x) + x * 1.12837916709551257f * exponential(-x * x)));
    }
  }
}

PETL_WIDE void layerNorm(const float* x, const float* gain, const float* bias, float* out, float* mean, float* inverse, int64_t rows, int64_t width, float epsilon) {
  for (int64_t row = 0; row < rows; row++, x += width, out += width) {
    float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < width; i++) sum += x[i];
    const float m = sum / width;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < width; i++) squares += (x[i] - m) * (x[i] - m);
    const float k = 1.0f / std::sqrt(squares / width + epsilon);
    mean[row] = m;
    inverse[row] = k;
    for (int64_t i = 0; i < width; i++) out[i] = (x[i] - m) * k * gain[i] + bias[i];
  }
}

// With u = dy gain and n the normalised x: (u - mean(u) - n mean(u n)) inverse.
PETL_WIDE void layerNormGrad(const float* dy, const float* x, const float* gain, const float* mean, const float* inverse, float* out, int64_t rows, int64_t width) {
  for (int64_t row = 0; row < rows; row++, x += width, dy += width, out += width) {
    const float m = mean[row], k = inverse[row];
    float across = 0, along = 0;
#pragma omp simd reduction(+ : across, along)
    for (int64_t i = 0; i < width; i++) {
      const float u = dy[i] * gain[i];
      across += u;
      along += u * (x[i] - m) * k;
    }
    across /= width;
    along /= width;
    for (int64_t i = 0; i < width; i++) out[i] = (dy[i] * gain[i] - across - (x[i] - m) * k * along) * k;
  }
}

// x / sqrt(mean(x^2) + epsilon) gain of one row, and the factor on x.
PETL_INLINE float rmsFactor(const float* x, int64_t width, float epsilon) {
  float squares = 0;
#pragma omp simd reduction(+ : squares)
  for (int64_t i = 0; i < width; i++) squares += x[i] * x[i];
  return 1.0f / std::sqrt(squares / width + epsilon);
}

PETL_WIDE void rmsNorm(const float* x, const float* gain, float* out, float* inverse, int64_t rows, int64_t width, float epsilon) {
  for (int64_t row = 0; row < rows; row++, x += width, out += width) {
    const float k = inverse[row] = rmsFactor(x, width, epsilon);
    for (int64_t i = 0; i < width; i++) out[i] = x[i] * k * gain[i];
  }
}

PETL_WIDE void narrowRmsNorm(const float* x, const float* gain, uint16_t* out, float* inverse, int64_t rows, int64_t width, float epsilon) {
  for (int64_t row = 0; row < rows; row++, x += width, out += width) {
    const float k = inverse[row] = rmsFactor(x, width, epsilon);
    for (int64_t i = 0; i < width; i++) out[i] = narrowed(x[i] * k * gain[i]);
  }
}

// With u = dy gain and n = x inverse: (u - n mean(u n)) inverse.
PETL_WIDE void rmsNormGrad(const float* dy, const float* x, const float* gain, const float* inverse, float* out, int64_t rows, int64_t width) {
  for (int64_t row = 0; row < rows; row++, x += width, dy += width, out += width) {
    const float k = inverse[row];
    float along = 0;
#pragma omp simd reduction(+ : along)
    for (int64_t i = 0; i < width; i++) along += dy[i] * gain[i] * x[i];
    along *= k * k / width;
    for (int64_t i = 0; i < width; i++) out[i] = (dy[i] * gain[i] - x[i] * along) * k;
  }
}

PETL_INLINE float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }

// x sigmoid(x) up, and between two products in bfloat16.
PETL_WIDE void gatedSilu(const float* x, const float* up, float* out, int64_t n) {
  for (int64_t i = 0; i < n; i++) out[i] = x[i] * sigmoid(x[i]) * up[i];
}

PETL_WIDE void narrowGatedSilu(const uint16_t* x, const uint16_t* up, uint16_t* out, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const float wide = widened(x[i]);
    out[i] = narrowed(wide * sigmoid(wide) * widened(up[i]));
  }
}

PETL_WIDE void gatedSiluGrad(const float* dy, const float* x, const float* up, float* dx, float* dUp, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const float s = sigmoid(x[i]), y = x[i] * s, given = dy[i];
    dx[i] = given * up[i] * (s + y * (1.0f - s));
    dUp[i] = given * y;
  }
}

PETL_WIDE void narrowGatedSiluGrad(const uint16_t* dy, const uint16_t* x, const uint16_t* up, uint16_t* dx, uint16_t* dUp, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const float wide = widened(x[i]), s = sigmoid(wide), y = wide * s, given = widened(dy[i]);
    dx[i] = narrowed(given * widened(up[i]) * (s + y * (1.0f - s)));
    dUp[i] = narrowed(given * y);
  }
}

// A product's bfloat16 numbers added to others.
PETL_WIDE void narrowAdd(const uint16_t* z, const float* x, float* out, int64_t n) {
  for (int64_t i = 0; i < n; i++) out[i] = widened(z[i]) + x[i];
}

PETL_WIDE void narrowSum(const uint16_t* a, const uint16_t* b, float* out, int64_t n) {
  for (int64_t i = 0; i < n; i++) out[i] = widened(a[i]) + widened(b[i]);
}

// Turns the pairs (x[i], x[i + half]) of each head by the row's angles; the sine has its sign.
PETL_INLINE void turnHead(const float* x, const float* cos, const float* sin, float* out, int64_t half, float scale) {
  for (int64_t i = 0; i < half; i++) {
    const float a = x[i], b = x[i + half];
    out[i] = (a * cos[i] + b * sin[i]) * scale;
    out[i + half] = (b * cos[i + half] + a * sin[i + half]) * scale;
  }
}

PETL_WIDE void rotate(const float* x, const float* cos, const float* sin, float* out, int64_t rows, int64_t heads, int64_t width, float scale) {
  for (int64_t row = 0; row < rows; row++, cos += width, sin += width) {
    for (int64_t head = 0; head < heads; head++, x += width, out += width) turnHead(x, cos, sin, out, width / 2, scale);
  }
}

// softmax(x + mask) of one row; `step` 0 takes one number of the mask for all of it.
PETL_WIDE void maskedSoftmax(const float* x, const float* mask, int64_t step, float* out, int64_t n) {
  float top = -INFINITY, sum = 0;
  if (step == 0) {
    for (int64_t i = 0; i < n; i++) out[i] = x[i] + mask[0];
  } else {
    for (int64_t i = 0; i < n; i++) out[i] = x[i] + mask[i];
  }
#pragma omp simd reduction(max : top)
  for (int64_t i = 0; i < n; i++) top = out[i] > top ? out[i] : top;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++) {
    out[i] = exponential(out[i] - top);
    sum += out[i];
  }
  const float share = 1.0f / sum;
  for (int64_t i = 0; i < n; i++) out[i] *= share;
}

// (dy - level) y, one level a row.
PETL_WIDE void softmaxGrad(const float* dy, const float* level, const float* y, float* out, int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; row++, dy += n, y += n, out += n) {
    const float l = level[row];
    for (int64_t i = 0; i < n; i++) out[i] = (dy[i] - l) * y[i];
  }
}

// x / (1 - rate) where a hash of the seed and the position falls at or above `rate`, 0 elsewhere.
PETL_WIDE void dropout(const float* x, float* out, uint32_t position, int64_t n, const Thinning& with) {
  const Thinning thin = with;
  for (int64_t i = 0; i < n; i++) {
    const uint32_t drawn = mixed(mixed((position + static_cast<uint32_t>(i)) ^ thin.first) + thin.second);
    out[i] = drawn >= thin.threshold ? x[i] * thin.scale : 0.0f;
  }
}

// Log of the sum of exp(x), and the sum of x.
PETL_WIDE void logSumExp(const float* x, int64_t n, float* mass, float* total) {
  float top = -INFINITY, sum = 0, all = 0;
#pragma omp simd reduction(max : top)
  for (int64_t i = 0; i < n; i++) top = x[i] > top ? x[i] : top;
#pragma omp simd reduction(+ : sum, all)
  for (int64_t i = 0; i < n; i++) {
    sum += exponential(x[i] - top);
    all += x[i];
  }
  *mass = top + std::log(sum);
  *total = all;
}

// dy (softmax(x) - even)
PETL_WIDE void crossEntropyGrad(const float* x, float mass, float dy, float even, float* out, int64_t n) {
  for (int64_t i = 0; i < n; i++) out[i] = dy * (exponential(x[i] - mass) - even);
}

} // namespace petl
