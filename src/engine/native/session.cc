// What TensorFlow does to a program's graph before its first run: one round of the passes that change graphs of training steps
// (equal nodes, constants, arithmetic, fused products and biases, what hangs on nothing). The others, and a second round,
// took three quarters of the time and changed nothing. tfjs-node's binding asks here for the options of its sessions.
#include <cstdio>

#include "tensorflow/c/c_api.h" // set-up has the binding call petlSessionOptions for TF_NewSessionOptions
#undef TF_NewSessionOptions
extern "C" TF_SessionOptions* TF_NewSessionOptions();

// RewriterConfig of tensorflow/core/protobuf/rewriter_config.proto: field, value. 2 is OFF.
static const unsigned char rewriter[] = {
    0x08, 2,       // layout_optimizer
    0x20, 1,       // memory_optimization: NO_MEM_OPT
    0x48, 2,       // loop_optimization
    0x50, 2,       // function_optimization
    0x60, 1,       // meta_optimizer_iterations: ONE
    0x68, 2,       // shape_optimization
    0xb0, 1, 2,    // implementation_selector
    0x80, 2, 1,    // disable_tfg_optimizer
};

extern "C" TF_SessionOptions* petlSessionOptions() {
  unsigned char config[sizeof rewriter + 4] = {0x52, sizeof rewriter + 2, 0x52, sizeof rewriter}; // ConfigProto.graph_options.rewrite_options
  for (size_t i = 0; i < sizeof rewriter; i++) config[4 + i] = rewriter[i];
  TF_SessionOptions* const options = TF_NewSessionOptions();
  TF_Status* const status = TF_NewStatus();
  TF_SetConfig(options, config, sizeof config, status);
  if (TF_GetCode(status) != TF_OK) std::fprintf(stderr, "petl: %s\n", TF_Message(status)); // programs run as TensorFlow would have them
  TF_DeleteStatus(status);
  return options;
}
