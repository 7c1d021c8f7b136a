// What TensorFlow does to a program's graph before its first run: one round of the passes that change graphs of training steps
// (equal nodes, constants, arithmetic, fused products and biases, what hangs on nothing). The others, and a second round,
// took three quarters of the time and changed nothing. tfjs-node's binding asks here for the options of its sessions.
#include <cstdio>
#include <cstdlib>
#include <vector>

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

// What ConfigProto is made of, in protobuf's wire format. PETL_INTRAOP_THREADS says how many threads an op of the program has: set
// while one is loaded whose batch stands in shards that run side by side, else TensorFlow's own number holds.
static std::vector<unsigned char> config() {
  std::vector<unsigned char> bytes = {0x52, sizeof rewriter + 2, 0x52, sizeof rewriter}; // graph_options.rewrite_options
  bytes.insert(bytes.end(), rewriter, rewriter + sizeof rewriter);
  const char* const asked = std::getenv("PETL_INTRAOP_THREADS");
  const int threads = asked != nullptr ? std::atoi(asked) : 0;
  if (threads > 0 && threads < 128) bytes.insert(bytes.end(), {0x10, static_cast<unsigned char>(threads)}); // intra_op_parallelism_threads
  return bytes;
}

extern "C" TF_SessionOptions* petlSessionOptions() {
  const std::vector<unsigned char> bytes = config();
  TF_SessionOptions* const options = TF_NewSessionOptions();
  TF_Status* const status = TF_NewStatus();
  TF_SetConfig(options, bytes.data(), bytes.size(), status);
  if (TF_GetCode(status) != TF_OK) std::fprintf(stderr, "petl: %s\n", TF_Message(status)); // programs run as TensorFlow would have them
  TF_DeleteStatus(status);
  return options;
}
