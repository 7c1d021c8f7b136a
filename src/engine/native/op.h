// What a kernel uses of TensorFlow's C API for kernels (tensorflow/c/kernels.h), declared here: that header needs others
// which the wheel's public ones leave out. The API is C and keeps its form.
#pragma once
#include <tensorflow/c/ops.h>
#include <tensorflow/c/tf_datatype.h>
#include <tensorflow/c/tf_status.h>
#include <tensorflow/c/tf_tensor.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

extern "C" {
typedef struct TF_KernelBuilder TF_KernelBuilder;
typedef struct TF_OpKernelConstruction TF_OpKernelConstruction;
typedef struct TF_OpKernelContext TF_OpKernelContext;
TF_KernelBuilder* TF_NewKernelBuilder(const char* op, const char* device, void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*), void (*remove)(void*));
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder* builder, TF_Status* status);
void TF_OpKernelConstruction_GetAttrFloat(TF_OpKernelConstruction* context, const char* name, float* value, TF_Status* status);
void TF_OpKernelConstruction_GetAttrInt32(TF_OpKernelConstruction* context, const char* name, int32_t* value, TF_Status* status);
void TF_OpKernelConstruction_Failure(TF_OpKernelConstruction* context, TF_Status* status);
void TF_GetInput(TF_OpKernelContext* context, int index, TF_Tensor** tensor, TF_Status* status);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext* context, int index, TF_DataType type, const int64_t* sizes, int rank, size_t bytes, TF_Status* status);
TF_Tensor* TF_ForwardInputOrAllocateOutput(TF_OpKernelContext* context, const int* candidates, int count, int output, const int64_t* sizes, int rank, int* forwarded, TF_Status* status);
void TF_OpKernelContext_Failure(TF_OpKernelContext* context, TF_Status* status);
}

namespace petl {

// The tensors of one run of a kernel; what goes wrong is reported when it ends.
class Run {
 public:
  explicit Run(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  ~Run() {
    for (TF_Tensor* tensor : held_) TF_DeleteTensor(tensor);
    if (!fine()) TF_OpKernelContext_Failure(context_, status_);
    TF_DeleteStatus(status_);
  }

  bool fine() const { return TF_GetCode(status_) == TF_OK; }

  // True where the condition holds; otherwise the kernel fails with these words.
  bool demand(bool condition, const char* words) {
    if (fine() && !condition) TF_SetStatus(status_, TF_INVALID_ARGUMENT, words);
    return fine();
  }

  const float* floats(int input) { return static_cast<const float*>(data(input)); }
  const int32_t* ints(int input) { return static_cast<const int32_t*>(data(input)); }
  const uint16_t* halves(int input) { return static_cast<const uint16_t*>(data(input)); } // bfloat16

  std::vector<int64_t> shape(int input) {
    TF_Tensor* found = tensor(input);
    std::vector<int64_t> sizes;
    for (int i = 0; found != nullptr && i < TF_NumDims(found); i++) sizes.push_back(TF_Dim(found, i));
    return sizes;
  }

  float* allocate(int output, const std::vector<int64_t>& sizes) { return static_cast<float*>(allocate(output, sizes, TF_FLOAT, sizeof(float))); }
  uint16_t* allocateHalves(int output, const std::vector<int64_t>& sizes) { return static_cast<uint16_t*>(allocate(output, sizes, TF_BFLOAT16, sizeof(uint16_t))); }

  // The memory of `input` where nobody else reads it. Pointers to it stay valid: the context holds it, too.
  float* reuse(int input, int output, const std::vector<int64_t>& sizes) {
    if (!fine()) return nullptr;
    release(input);
    int forwarded;
    return static_cast<float*>(own(TF_ForwardInputOrAllocateOutput(context_, &input, 1, output, sizes.data(), static_cast<int>(sizes.size()), &forwarded, status_)));
  }

  static int64_t count(const std::vector<int64_t>& sizes) {
    int64_t all = 1;
    for (const int64_t size : sizes) all *= size;
    return all;
  }

 private:
  void* allocate(int output, const std::vector<int64_t>& sizes, TF_DataType type, size_t bytes) {
    if (!fine()) return nullptr;
    return own(TF_AllocateOutput(context_, output, type, sizes.data(), static_cast<int>(sizes.size()), bytes * count(sizes), status_));
  }

  TF_Tensor* tensor(int input) {
    const size_t at = static_cast<size_t>(input);
    if (inputs_.size() <= at) inputs_.resize(at + 1, nullptr);
    if (inputs_[at] == nullptr && fine()) {
      TF_GetInput(context_, input, &inputs_[at], status_);
      if (inputs_[at] != nullptr) held_.push_back(inputs_[at]);
    }
    return inputs_[at];
  }

  // Our own reference would make the memory one that somebody else reads.
  void release(int input) {
    TF_Tensor* found = tensor(input);
    if (found == nullptr) return;
    held_.erase(std::find(held_.begin(), held_.end(), found));
    inputs_[static_cast<size_t>(input)] = nullptr;
    TF_DeleteTensor(found);
  }

  void* data(int input) {
    TF_Tensor* found = tensor(input);
    return found == nullptr ? nullptr : TF_TensorData(found);
  }

  void* own(TF_Tensor* tensor) {
    if (tensor == nullptr) return nullptr;
    held_.push_back(tensor);
    return TF_TensorData(tensor);
  }

  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<TF_Tensor*> held_, inputs_;
};

// Attributes that every op here has: two numbers of its formula and a stream of randomness.
struct Attributes { float first = 0, second = 0; int32_t stream = 0; };

// An op of a graph: its attributes (first: a kernel is read as these), and whether it stands in a program whose shards run
// side by side (session.cc).
struct Kernel {
  Attributes attributes;
  bool alone = false;
};

struct Op {
  const char* name;
  std::vector<const char*> inputs, outputs;
  void (*infer)(TF_ShapeInferenceContext* context, TF_Status* status);
  void (*compute)(void* kernel, TF_OpKernelContext* context);
};

inline void* create(TF_OpKernelConstruction* context) {
  TF_Status* status = TF_NewStatus();
  Kernel* found = new Kernel;
  found->alone = std::getenv("PETL_SHARDS") != nullptr;
  Attributes& with = found->attributes;
  TF_OpKernelConstruction_GetAttrFloat(context, "first", &with.first, status);
  if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrFloat(context, "second", &with.second, status);
  if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrInt32(context, "stream", &with.stream, status);
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(context, status);
  TF_DeleteStatus(status);
  return found;
}

inline void remove(void* kernel) { delete static_cast<Kernel*>(kernel); }

// How far a step along each axis of `shape` moves in a smaller tensor that is broadcast to it; empty where it cannot be.
inline std::vector<int64_t> stridesOf(const std::vector<int64_t>& small, const std::vector<int64_t>& shape) {
  if (small.size() != shape.size()) return {};
  std::vector<int64_t> strides(shape.size(), 0);
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0; stride *= small[axis]) {
    if (small[axis] != 1 && small[axis] != shape[axis]) return {};
    strides[axis] = small[axis] == 1 ? 0 : stride;
  }
  return strides;
}

// The first output has the shape of this input; the recorder knows all shapes, TensorFlow needs no more.
template <int input>
void like(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, input, shape, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, shape, status);
  TF_DeleteShapeHandle(shape);
}

inline void unknown(TF_ShapeInferenceContext* context, TF_Status* status) { TF_ShapeInferenceContextSetUnknownShape(context, status); }

// True when TensorFlow took the op and its kernel.
inline bool enter(const Op& op) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(op.name);
  for (const char* input : op.inputs) TF_OpDefinitionBuilderAddInput(builder, input);
  for (const char* output : op.outputs) TF_OpDefinitionBuilderAddOutput(builder, output);
  for (const char* attribute : {"first: float = 0", "second: float = 0", "stream: int = 0"}) TF_OpDefinitionBuilderAddAttr(builder, attribute);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, op.infer);
  TF_RegisterOpDefinition(builder, status);
  if (TF_GetCode(status) == TF_OK) TF_RegisterKernelBuilder(op.name, TF_NewKernelBuilder(op.name, "CPU", create, op.compute, remove), status);
  const bool taken = TF_GetCode(status) == TF_OK;
  TF_DeleteStatus(status);
  return taken;
}

} // namespace petl
