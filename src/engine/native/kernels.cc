// Layers as single ops for tfjs-node's TensorFlow: one pass over memory where its own ops take three to nine. Compiled at
// set-up beside the binding; where that cannot be, the layers fall back to TensorFlow's ops (src/engine/native.ts).
#include <cstdint>
#include <string>

#include "attention.h"
#include "loops.h"
#include "op.h"
#include "threads.h"

namespace petl {
namespace {

// Pieces below these sizes are not worth waking a thread for.
constexpr int64_t leastNumbers = 16384;

const Attributes& attributesOf(void* kernel) { return *static_cast<Attributes*>(kernel); }
int64_t leastRows(int64_t width) { return 1 + leastNumbers / (width < 1 ? 1 : width); }

void computeGelu(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const Attributes& with = attributesOf(kernel);
  const float* x = run.floats(0);
  float* out = run.allocate(0, run.shape(0));
  if (!run.fine()) return;
  Threads::all().share(Run::count(run.shape(0)), leastNumbers, [=](int64_t from, int64_t to) { gelu(x + from, out + from, to - from, with.first, with.second); });
}

void computeGeluGrad(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const Attributes& with = attributesOf(kernel);
  const float *dy = run.floats(0), *x = run.floats(1);
  if (!run.demand(run.shape(0) == run.shape(1), "PetlGeluGrad: dy and x differ in shape")) return;
  float* out = run.reuse(0, 0, run.shape(0));
  if (!run.fine()) return;
  Threads::all().share(Run::count(run.shape(0)), leastNumbers, [=](int64_t from, int64_t to) { geluGrad(dy + from, x + from, out + from, to - from, with.first, with.second); });
}

void computeNarrowBias(void*, TF_OpKernelContext* context) {
  Run run(context);
  const uint16_t* z = run.halves(0);
  const float* bias = run.floats(1);
  const auto shape = run.shape(0);
  if (!run.demand(shape.size() == 2 && run.shape(1) == std::vector<int64_t>{shape[1]}, "PetlNarrowBias: z [N, d], bias [d]")) return;
  float* out = run.allocate(0, shape);
  if (!run.fine()) return;
  const int64_t width = shape[1];
  Threads::all().share(shape[0], leastRows(width), [=](int64_t from, int64_t to) { narrowBias(z + from * width, bias, out + from * width, to - from, width); });
}

void computeNarrowGelu(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const Attributes& with = attributesOf(kernel);
  const uint16_t* z = run.halves(0);
  const float* bias = run.floats(1);
  const auto shape = run.shape(0);
  if (!run.demand(shape.size() == 2 && run.shape(1) == std::vector<int64_t>{shape[1]}, "PetlNarrowGelu: z [N, d], bias [d]")) return;
  uint16_t* out = run.allocateHalves(0, shape);
  if (!run.fine()) return;
  const int64_t width = shape[1];
  Threads::all().share(shape[0], leastRows(width), [=](int64_t from, int64_t to) { narrowGelu(z + from * width, bias, out + from * width, to - from, width, with.first, with.second); });
}

void computeNarrowGeluGrad(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const Attributes& with = attributesOf(kernel);
  const uint16_t *dy = run.halves(0), *z = run.halves(1);
  const float* bias = run.floats(2);
  const auto shape = run.shape(0);
  if (!run.demand(shape.size() == 2 && run.shape(1) == shape && run.shape(2) == std::vector<int64_t>{shape[1]}, "PetlNarrowGeluGrad: dy [N, d], z [N, d], bias [d]")) return;
  uint16_t* out = run.allocateHalves(0, shape);
  if (!run.fine()) return;
  const int64_t width = shape[1];
  Threads::all().share(shape[0], leastRows(width), [=](int64_t from, int64_t to) { narrowGeluGrad(dy + from * width, z + from * width, bias, out + from * width, to - from, width, with.first, with.second); });
}

void computeLayerNorm(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const float epsilon = attributesOf(kernel).first;
  const float *x = run.floats(0), *gain = run.floats(1), *bias = run.floats(2);
  const auto shape = run.shape(0);
  if (!run.demand(shape.size() == 2 && run.shape(1) == std::vector<int64_t>{shape[1]} && run.shape(2) == run.shape(1), "PetlLayerNorm: x [N, d], gain [d], bias [d]")) return;
  const int64_t rows = shape[0], width = shape[1];
  float *out = run.allocate(0, shape), *mean = run.allocate(1, {rows, 1}), *inverse = run.allocate(2, {rows, 1});
  if (!run.fine()) return;
  Threads::all().share(rows, leastRows(width), [=](int64_t from, int64_t to) {
    layerNorm(x + from * width, gain, bias, out + from * width, mean + from, inverse + from, to - from, width, epsilon);
  });
}

void computeLayerNormGrad(void*, TF_OpKernelContext* context) {
  Run run(context);
  const float *dy = run.floats(0), *x = run.floats(1), *gain = run.floats(2), *mean = run.floats(3), *inverse = run.floats(4);
  const auto shape = run.shape(0);
  if (!run.demand(shape.size() == 2 && run.shape(1) == shape && Run::count(run.shape(3)) == shape[0], "PetlLayerNormGrad: dy [N, d], x [N, d], gain [d], mean [N, 1], inverse [N, 1]")) return;
  const int64_t rows = shape[0], width = shape[1];
  float* out = run.reuse(0, 0, shape);
  if (!run.fine()) return;
  Threads::all().share(rows, leastRows(width), [=](int64_t from, int64_t to) {
    layerNormGrad(dy + from * width, x + from * width, gain, mean + from, inverse + from, out + from * width, to - from, width);
  });
}

// y and the factors on the rows of x; Out: floats, or bfloat16 numbers.
template <typename Out>
void normRows(Run& run, float epsilon, Out* (Run::*allocate)(int, const std::vector<int64_t>&), void (*norm)(const float*, const float*, Out*, float*, int64_t, int64_t, float)) {
  const float *x = run.floats(0), *gain = run.floats(1);
  const auto shape = run.shape(0);
  if (!run.demand(shape.size() == 2 && run.shape(1) == std::vector<int64_t>{shape[1]}, "PetlRmsNorm: x [N, d], gain [d]")) return;
  const int64_t rows = shape[0], width = shape[1];
  Out* out = (run.*allocate)(0, shape);
  float* inverse = run.allocate(1, {rows, 1});
  if (!run.fine()) return;
  Threads::all().share(rows, leastRows(width), [=](int64_t from, int64_t to) { norm(x + from * width, gain, out + from * width, inverse + from, to - from, width, epsilon); });
}

void computeRmsNorm(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  normRows<float>(run, attributesOf(kernel).first, &Run::allocate, rmsNorm);
}

void computeNarrowRmsNorm(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  normRows<uint16_t>(run, attributesOf(kernel).first, &Run::allocateHalves, narrowRmsNorm);
}

void computeRmsNormGrad(void*, TF_OpKernelContext* context) {
  Run run(context);
  const float *dy = run.floats(0), *x = run.floats(1), *gain = run.floats(2), *inverse = run.floats(3);
  const auto shape = run.shape(0);
  if (!run.demand(shape.size() == 2 && run.shape(1) == shape && run.shape(2) == std::vector<int64_t>{shape[1]} && Run::count(run.shape(3)) == shape[0], "PetlRmsNormGrad: dy [N, d], x [N, d], gain [d], inverse [N, 1]")) return;
  const int64_t width = shape[1];
  float* out = run.reuse(0, 0, shape);
  if (!run.fine()) return;
  Threads::all().share(shape[0], leastRows(width), [=](int64_t from, int64_t to) { rmsNormGrad(dy + from * width, x + from * width, gain, inverse + from, out + from * width, to - from, width); });
}

void computeGatedSilu(void*, TF_OpKernelContext* context) {
  Run run(context);
  const float *x = run.floats(0), *up = run.floats(1);
  if (!run.demand(run.shape(0) == run.shape(1), "PetlGatedSilu: x and up differ in shape")) return;
  float* out = run.allocate(0, run.shape(0));
  if (!run.fine()) return;
  Threads::all().share(Run::count(run.shape(0)), leastNumbers, [=](int64_t from, int64_t to) { gatedSilu(x + from, up + from, out + from, to - from); });
}

void computeNarrowGatedSilu(void*, TF_OpKernelContext* context) {
  Run run(context);
  const uint16_t *x = run.halves(0), *up = run.halves(1);
  if (!run.demand(run.shape(0) == run.shape(1), "PetlNarrowGatedSilu: x and up differ in shape")) return;
  uint16_t* out = run.allocateHalves(0, run.shape(0));
  if (!run.fine()) return;
  Threads::all().share(Run::count(run.shape(0)), leastNumbers, [=](int64_t from, int64_t to) { narrowGatedSilu(x + from, up + from, out + from, to - from); });
}

void computeGatedSiluGrad(void*, TF_OpKernelContext* context) {
  Run run(context);
  const float *dy = run.floats(0), *x = run.floats(1), *up = run.floats(2);
  if (!run.demand(run.shape(0) == run.shape(1) && run.shape(0) == run.shape(2), "PetlGatedSiluGrad: dy, x and up differ in shape")) return;
  float *dx = run.reuse(0, 0, run.shape(1)), *dUp = run.allocate(1, run.shape(1));
  if (!run.fine()) return;
  Threads::all().share(Run::count(run.shape(1)), leastNumbers, [=](int64_t from, int64_t to) { gatedSiluGrad(dy + from, x + from, up + from, dx + from, dUp + from, to - from); });
}

void computeNarrowGatedSiluGrad(void*, TF_OpKernelContext* context) {
  Run run(context);
  const uint16_t *dy = run.halves(0), *x = run.halves(1), *up = run.halves(2);
  if (!run.demand(run.shape(0) == run.shape(1) && run.shape(0) == run.shape(2), "PetlNarrowGatedSiluGrad: dy, x and up differ in shape")) return;
  uint16_t *dx = run.allocateHalves(0, run.shape(0)), *dUp = run.allocateHalves(1, run.shape(0));
  if (!run.fine()) return;
  Threads::all().share(Run::count(run.shape(0)), leastNumbers, [=](int64_t from, int64_t to) { narrowGatedSiluGrad(dy + from, x + from, up + from, dx + from, dUp + from, to - from); });
}

void computeNarrowAdd(void*, TF_OpKernelContext* context) {
  Run run(context);
  const uint16_t* z = run.halves(0);
  const float* x = run.floats(1);
  if (!run.demand(run.shape(0) == run.shape(1), "PetlNarrowAdd: z and x differ in shape")) return;
  float* out = run.reuse(1, 0, run.shape(0));
  if (!run.fine()) return;
  Threads::all().share(Run::count(run.shape(0)), leastNumbers, [=](int64_t from, int64_t to) { narrowAdd(z + from, x + from, out + from, to - from); });
}

void computeNarrowSum(void*, TF_OpKernelContext* context) {
  Run run(context);
  const uint16_t *a = run.halves(0), *b = run.halves(1);
  if (!run.demand(run.shape(0) == run.shape(1), "PetlNarrowSum: a and b differ in shape")) return;
  float* out = run.allocate(0, run.shape(0));
  if (!run.fine()) return;
  Threads::all().share(Run::count(run.shape(0)), leastNumbers, [=](int64_t from, int64_t to) { narrowSum(a + from, b + from, out + from, to - from); });
}

void computeRotate(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const float scale = attributesOf(kernel).first;
  const float *x = run.floats(0), *cos = run.floats(1), *sin = run.floats(2);
  const auto shape = run.shape(0), table = run.shape(1);
  if (!run.demand(shape.size() == 2 && table == std::vector<int64_t>{shape[0], 1, table.back()} && run.shape(2) == table && table.back() % 2 == 0 && table.back() > 0 && shape[1] % table.back() == 0,
                  "PetlRotate: x [N, h w], cos and sin [N, 1, w]")) return;
  float* out = run.reuse(0, 0, shape);
  if (!run.fine()) return;
  const int64_t all = shape[1], width = table.back();
  Threads::all().share(shape[0], leastRows(all), [=](int64_t from, int64_t to) { rotate(x + from * all, cos + from * width, sin + from * width, out + from * all, to - from, all / width, width, scale); });
}

void computeMaskedSoftmax(void*, TF_OpKernelContext* context) {
  Run run(context);
  const float *x = run.floats(0), *mask = run.floats(1);
  const auto shape = run.shape(0);
  const auto strides = stridesOf(run.shape(1), shape);
  if (!run.demand(shape.size() == 4 && strides.size() == 4, "PetlMaskedSoftmax: scores [B, h, T, K] and a mask that broadcasts to them")) return;
  float* out = run.reuse(0, 0, shape);
  if (!run.fine()) return;
  const int64_t heads = shape[1], queries = shape[2], width = shape[3];
  const int64_t step = width == 1 ? 0 : strides[3], byBatch = strides[0], byHead = strides[1], byQuery = strides[2];
  Threads::all().share(shape[0] * heads * queries, leastRows(width), [=](int64_t from, int64_t to) {
    for (int64_t row = from; row < to; row++) {
      const int64_t q = row % queries, h = row / queries % heads, b = row / queries / heads;
      maskedSoftmax(x + row * width, mask + b * byBatch + h * byHead + q * byQuery, step, out + row * width, width);
    }
  });
}

void computeSoftmaxGrad(void*, TF_OpKernelContext* context) {
  Run run(context);
  const float *dy = run.floats(0), *level = run.floats(1), *y = run.floats(2);
  const auto shape = run.shape(0);
  const int64_t width = shape.empty() ? 1 : shape.back(), rows = width == 0 ? 0 : Run::count(shape) / width;
  if (!run.demand(run.shape(2) == shape && Run::count(run.shape(1)) == rows, "PetlSoftmaxGrad: dy [..., K], level [..., 1], y [..., K]")) return;
  float* out = run.reuse(0, 0, shape);
  if (!run.fine()) return;
  Threads::all().share(rows, leastRows(width), [=](int64_t from, int64_t to) { softmaxGrad(dy + from * width, level + from, y + from * width, out + from * width, to - from, width); });
}

void computeDropout(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const Attributes& with = attributesOf(kernel);
  const float* x = run.floats(0);
  const int32_t* seed = run.ints(1);
  const auto shape = run.shape(0);
  const int64_t blocks = shape.empty() ? 1 : shape[0], given = Run::count(run.shape(1));
  if (!run.demand(isSeed(given, blocks) && with.first > 0 && with.first < 1, "PetlDropout: a seed of two numbers, or of three and a place for each row, and a rate between 0 and 1")) return;
  float* out = run.reuse(0, 0, shape);
  if (!run.fine()) return;
  const Thinning thin(with.first, seed, given, with.stream);
  if (thin.places == nullptr) {
    Threads::all().share(Run::count(shape), leastNumbers, [=](int64_t from, int64_t to) { dropout(x + from, out + from, static_cast<uint32_t>(from), to - from, thin); });
    return;
  }
  const int64_t size = blocks == 0 ? 0 : Run::count(shape) / blocks;
  Threads::all().share(blocks, leastRows(size), [=](int64_t from, int64_t to) {
    for (int64_t block = from; block < to; block++) dropout(x + block * size, out + block * size, static_cast<uint32_t>(thin.place(block) * size), size, thin);
  });
}

void computeCrossEntropy(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const float smoothing = attributesOf(kernel).first;
  const float* logits = run.floats(0);
  const int32_t* labels = run.ints(1);
  const auto shape = run.shape(0);
  if (!run.demand(shape.size() == 2 && Run::count(run.shape(1)) == shape[0], "PetlCrossEntropy: logits [M, V], labels [M]")) return;
  const int64_t width = shape[1];
  float *loss = run.allocate(0, {shape[0]}), *mass = run.allocate(1, {shape[0]});
  if (!run.fine()) return;
  Threads::all().share(shape[0], leastRows(width), [=](int64_t from, int64_t to) {
    for (int64_t row = from; row < to; row++) {
      float total;
      logSumExp(logits + row * width, width, mass + row, &total);
      const bool known = labels[row] >= 0 && labels[row] < width;
      loss[row] = known ? mass[row] - (1.0f - smoothing) * logits[row * width + labels[row]] - smoothing * total / width : NAN;
    }
  });
}

void computeCrossEntropyGrad(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const float smoothing = attributesOf(kernel).first;
  const float *logits = run.floats(0), *mass = run.floats(2), *dy = run.floats(3);
  const int32_t* labels = run.ints(1);
  const auto shape = run.shape(0);
  if (!run.demand(shape.size() == 2 && Run::count(run.shape(1)) == shape[0] && Run::count(run.shape(2)) == shape[0] && Run::count(run.shape(3)) == shape[0], "PetlCrossEntropyGrad: logits [M, V], labels, mass, dy [M]")) return;
  const int64_t width = shape[1];
  float* out = run.reuse(0, 0, shape);
  if (!run.fine()) return;
  Threads::all().share(shape[0], leastRows(width), [=](int64_t from, int64_t to) {
    for (int64_t row = from; row < to; row++) {
      crossEntropyGrad(logits + row * width, mass[row], dy[row], smoothing / width, out + row * width, width);
      if (labels[row] >= 0 && labels[row] < width) out[row * width + labels[row]] -= dy[row] * (1.0f - smoothing);
    }
  });
}

// The one op that writes to what it is given: weights and moments that nobody else reads (src/engine/adam.ts).
void computeAdam(void* kernel, TF_OpKernelContext* context) {
  Run run(context);
  const Attributes& with = attributesOf(kernel);
  float* state[3];
  for (int i = 0; i < 3; i++) state[i] = const_cast<float*>(run.floats(i));
  const float *g = run.floats(3), *scalars = run.floats(4), *factor = run.floats(5);
  const auto shape = run.shape(0);
  if (!run.demand(run.shape(1) == shape && run.shape(2) == shape && run.shape(3) == shape && Run::count(run.shape(4)) == 3 && Run::count(run.shape(5)) == 1, "PetlAdam: w, m, v, g of one shape, scalars [3], factor []")) return;
  float* done = run.allocate(0, {});
  if (!run.fine()) return;
  *done = 1;
  const auto [w, m, v] = state;
  const AdamStep step = {with.first, with.second, scalars[1], scalars[2], *factor, with.stream > 0 ? scalars[0] : 1.0f};
  Threads::all().share(Run::count(shape), leastNumbers, [=](int64_t from, int64_t to) { adam(w + from, m + from, v + from, g + from, to - from, step); });
}

// The kernel with helpers for its rows, or alone where it stands in a program whose shards run side by side.
template <void (*compute)(void*, TF_OpKernelContext*)>
void within(void* kernel, TF_OpKernelContext* context) {
  Threads::alone() = static_cast<Kernel*>(kernel)->alone;
  compute(kernel, context);
}

const Op ops[] = {
    {"PetlGelu", {"x: float"}, {"y: float"}, like<0>, within<computeGelu>},
    {"PetlGeluGrad", {"dy: float", "x: float"}, {"dx: float"}, like<0>, within<computeGeluGrad>},
    {"PetlNarrowBias", {"z: bfloat16", "bias: float"}, {"y: float"}, like<0>, within<computeNarrowBias>},
    {"PetlNarrowGelu", {"z: bfloat16", "bias: float"}, {"y: bfloat16"}, like<0>, within<computeNarrowGelu>},
    {"PetlNarrowGeluGrad", {"dy: bfloat16", "z: bfloat16", "bias: float"}, {"dx: bfloat16"}, like<0>, within<computeNarrowGeluGrad>},
    {"PetlLayerNorm", {"x: float", "gain: float", "bias: float"}, {"y: float", "mean: float", "inverse: float"}, like<0>, within<computeLayerNorm>},
    {"PetlLayerNormGrad", {"dy: float", "x: float", "gain: float", "mean: float", "inverse: float"}, {"dx: float"}, like<0>, within<computeLayerNormGrad>},
    {"PetlRmsNorm", {"x: float", "gain: float"}, {"y: float", "inverse: float"}, like<0>, within<computeRmsNorm>},
    {"PetlNarrowRmsNorm", {"x: float", "gain: float"}, {"y: bfloat16", "inverse: float"}, like<0>, within<computeNarrowRmsNorm>},
    {"PetlRmsNormGrad", {"dy: float", "x: float", "gain: float", "inverse: float"}, {"dx: float"}, like<0>, within<computeRmsNormGrad>},
    {"PetlGatedSilu", {"x: float", "up: float"}, {"y: float"}, like<0>, within<computeGatedSilu>},
    {"PetlNarrowGatedSilu", {"x: bfloat16", "up: bfloat16"}, {"y: bfloat16"}, like<0>, within<computeNarrowGatedSilu>},
    {"PetlGatedSiluGrad", {"dy: float", "x: float", "up: float"}, {"dx: float", "dup: float"}, like<0>, within<computeGatedSiluGrad>},
    {"PetlNarrowGatedSiluGrad", {"dy: bfloat16", "x: bfloat16", "up: bfloat16"}, {"dx: bfloat16", "dup: bfloat16"}, like<0>, within<computeNarrowGatedSiluGrad>},
    {"PetlNarrowAdd", {"z: bfloat16", "x: float"}, {"y: float"}, like<0>, within<computeNarrowAdd>},
    {"PetlNarrowSum", {"a: bfloat16", "b: bfloat16"}, {"y: float"}, like<0>, within<computeNarrowSum>},
    {"PetlRotate", {"x: float", "cos: float", "sin: float"}, {"y: float"}, like<0>, within<computeRotate>},
    {"PetlMaskedSoftmax", {"scores: float", "mask: float"}, {"y: float"}, like<0>, within<computeMaskedSoftmax>},
    {"PetlSoftmaxGrad", {"dy: float", "level: float", "y: float"}, {"dx: float"}, like<0>, within<computeSoftmaxGrad>},
    {"PetlDropout", {"x: float", "seed: int32"}, {"y: float"}, like<0>, within<computeDropout>},
    {"PetlCrossEntropy", {"logits: float", "labels: int32"}, {"loss: float", "mass: float"}, like<1>, within<computeCrossEntropy>},
    {"PetlCrossEntropyGrad", {"logits: float", "labels: int32", "mass: float", "dy: float"}, {"dx: float"}, like<0>, within<computeCrossEntropyGrad>},
    {"PetlAdam", {"w: float", "m: float", "v: float", "g: float", "scalars: float", "factor: float"}, {"done: float"}, unknown, within<computeAdam>},
};

#ifdef PETL_BF16
const Op narrow[] = {
    {"PetlAttention", {"q: float", "k: float", "v: float", "mask: float", "seed: int32"}, {"y: float", "mass: float"}, unknown, within<computeAttention>},
    {"PetlAttentionGrad", {"q: float", "k: float", "v: float", "mask: float", "seed: int32", "y: float", "mass: float", "dy: float"}, {"dq: float", "dk: float", "dv: float"}, like<0>, within<computeAttentionGrad>},
    {"PetlPackedAttention", {"all: float", "last: int32", "seed: int32"}, {"y: float", "mass: float"}, unknown, within<computePackedAttention>},
    {"PetlPackedAttentionGrad", {"all: float", "last: int32", "seed: int32", "y: float", "mass: float", "dy: float"}, {"d: float"}, like<0>, within<computePackedAttentionGrad>},
};
#endif

std::string names; // of the ops that TensorFlow took, each with a blank behind it

template <size_t count>
bool enterAll(const Op (&all)[count]) {
  for (const Op& op : all) {
    if (!enter(op)) return false;
    names += std::string(op.name) + ' ';
  }
  return true;
}

} // namespace
} // namespace petl

// Called once by the binding's loader: 0 where TensorFlow did not take all ops, 2 where the processor has those in bfloat16, too, 1 otherwise.
extern "C" int petl_enter() {
  if (!petl::enterAll(petl::ops)) return 0;
#ifdef PETL_BF16
  if (petl::hasBfloat16() && petl::enterAll(petl::narrow)) return 2;
#endif
  return 1;
}

// A library may be older than the sources that ask for an op.
extern "C" const char* petl_ops() { return petl::names.c_str(); }
