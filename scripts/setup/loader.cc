// What Node loads as tfjs-node's binding: it loads the real one beside it, hands on its functions, and adds the project's
// own kernels (src/engine/native) where they were compiled; `petlKernels` and `petlOps` say which (petl_enter, petl_ops).
// TensorFlow writes two lines about oneDNN while its library loads, before it has read TF_CPP_MIN_LOG_LEVEL;
// where that variable asks for quiet, nothing is written to stderr during the load.
#include <dlfcn.h>
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

static std::string folder() {
  Dl_info info;
  dladdr(reinterpret_cast<void*>(&folder), &info);
  const std::string path = info.dli_fname;
  return path.substr(0, path.rfind('/') + 1);
}

static void* load() {
  const char* level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  const bool quiet = level != nullptr && std::atoi(level) > 0;
  const int kept = quiet ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
  const int nowhere = kept >= 0 ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
  if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
  void* library = dlopen((folder() + "tfjs_engine.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (nowhere >= 0) dup2(kept, STDERR_FILENO);
  if (nowhere >= 0) close(nowhere);
  if (kept >= 0) close(kept);
  return library;
}

struct Kernels {
  int level = 0;
  const char* ops = "";
};

static Kernels enterKernels() {
  void* library = dlopen((folder() + "petl_kernels.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  void* enter = library == nullptr ? nullptr : dlsym(library, "petl_enter");
  void* ops = library == nullptr ? nullptr : dlsym(library, "petl_ops");
  if (enter == nullptr || ops == nullptr) return {};
  const int level = reinterpret_cast<int (*)()>(enter)();
  return {level, reinterpret_cast<const char* (*)()>(ops)()};
}

NAPI_MODULE_INIT() {
  void* library = load();
  void* init = library == nullptr ? nullptr : dlsym(library, "napi_register_module_v1");
  if (init == nullptr) {
    napi_throw_error(env, nullptr, dlerror());
    return nullptr;
  }
  static const Kernels kernels = enterKernels(); // once a process, however many threads load the binding
  napi_value binding = reinterpret_cast<napi_addon_register_func>(init)(env, exports);
  const napi_value to = binding == nullptr ? exports : binding;
  napi_value level, ops;
  napi_create_int32(env, kernels.level, &level);
  napi_create_string_utf8(env, kernels.ops, NAPI_AUTO_LENGTH, &ops);
  napi_set_named_property(env, to, "petlKernels", level);
  napi_set_named_property(env, to, "petlOps", ops);
  return binding;
}
