// The native engine: tfjs-node's own binding, compiled from its packaged sources against the TensorFlow
// library that the tensorflow-cpu wheel carries. The wheel is only unpacked: none of its code runs.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { relative } from 'node:path';
import { at, cache, firstThatAnswers, npmFolder, run, SetupError } from './shell.mjs';
import { pip, python } from './python.mjs';

const tensorflow = '2.21.0';
const library = cache(`libtensorflow-${tensorflow}`);
const own = [
  at('scripts', 'setup', 'loader.cc'),
  ...readdirSync(at('src', 'engine', 'native')).map((name) => at('src', 'engine', 'native', name)),
];
const hash = own
  .reduce((sum, file) => sum.update(readFileSync(file)), createHash('sha256'))
  .digest('hex')
  .slice(0, 8);
const cached = cache(`tfjs-binding-4.22.0-tensorflow-${tensorflow}-${hash}`);
const parts = ['tfjs_engine.so', 'petl_kernels.so', 'tfjs_binding.node']; // tfjs-node's binding, the project's kernels, and loader.cc which loads both
const home = npmFolder('@tensorflow/tfjs-node');
const installed = `${home}/lib/napi-v8`;
const link = relative(home, library);

const libraryMembers = String.raw`tensorflow/libtensorflow_(cc|framework)\.so\.2`;
const headerMembers = String.raw`tensorflow/include/(tensorflow/(c/(eager/)?\w+|core/platform/ctstring\w*)|(tsl/platform/ctstring\w*)|xla/tsl/c/\w+)\.h`;
const unpack = `
import re, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if re.fullmatch(sys.argv[3], name):
            wheel.extract(name, sys.argv[2])
`;

async function compiler() {
  const found = await firstThatAnswers([process.env.CXX, 'g++', 'clang++', 'c++'].filter(Boolean));
  if (found === undefined) throw new SetupError('no C++ compiler', 'sudo apt-get install g++');
  return found;
}

async function fetchLibrary() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(`no pinned TensorFlow library for ${process.platform} ${process.arch}`);
  }
  await compiler(); // before 261 MiB are brought in vain
  const scratch = cache('tmp', `library-${process.pid}`);
  mkdirSync(scratch, { recursive: true });
  await pip([
    'download',
    '--require-hashes',
    '--no-deps',
    '--only-binary=:all:',
    '--python-version',
    '3.11',
    '--implementation',
    'cp',
    '--abi',
    'cp311',
    '--platform',
    'manylinux_2_27_x86_64',
    '-d',
    scratch,
    '-r',
    at('scripts', 'setup', 'engine-wheel.txt'),
  ]);
  const wheel = readdirSync(scratch).find((name) => name.endsWith('.whl'));
  await run(python, ['-c', unpack, `${scratch}/${wheel}`, scratch, `${libraryMembers}|${headerMembers}`]);
  const next = `${scratch}/next`;
  mkdirSync(`${next}/lib`, { recursive: true });
  renameSync(`${scratch}/tensorflow/include`, `${next}/include`);
  for (const part of ['cc', 'framework']) {
    renameSync(`${scratch}/tensorflow/libtensorflow_${part}.so.2`, `${next}/lib/libtensorflow_${part}.so.2`);
  }
  symlinkSync('libtensorflow_cc.so.2', `${next}/lib/libtensorflow.so`);
  symlinkSync('libtensorflow_framework.so.2', `${next}/lib/libtensorflow_framework.so`);
  // 751 MiB become 556; without strip the library is merely larger.
  await run('strip', ['--strip-unneeded', `${next}/lib/libtensorflow_cc.so.2`]).catch(() => undefined);
  rmSync(library, { recursive: true, force: true });
  renameSync(next, library);
  rmSync(scratch, { recursive: true, force: true });
}

export const engineLibrary = {
  name: 'TensorFlow library',
  ready: () => existsSync(`${library}/lib/libtensorflow_cc.so.2`),
  act: fetchLibrary,
};

async function compile() {
  const scratch = cache('tmp', `binding-${process.pid}`);
  mkdirSync(scratch, { recursive: true });
  const command = await compiler();
  const shared = [
    '-std=c++17',
    '-O2',
    '-shared',
    '-fPIC',
    '-DNAPI_VERSION=8',
    '-DNODE_GYP_MODULE_NAME=tfjs_binding',
    '-I',
    `${npmFolder('node-api-headers')}/include`,
  ];
  await run(
    command,
    [
      ...shared,
      '-I',
      `${library}/include`,
      '-DTF_NewSessionOptions=petlSessionOptions',
      'binding/tfjs_backend.cc',
      'binding/tfjs_binding.cc',
      at('src', 'engine', 'native', 'session.cc'),
      '-o',
      `${scratch}/tfjs_engine.so`,
      '-L',
      `${library}/lib`,
      '-ltensorflow',
      '-ltensorflow_framework',
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
    ],
    { cwd: home },
  );
  // No trapping and no errno: loops become vector code. Without kernels everything works, more slowly.
  await run(command, [
    '-std=c++17',
    '-O3',
    '-fno-math-errno',
    '-fno-trapping-math',
    '-fopenmp-simd',
    '-shared',
    '-fPIC',
    '-I',
    `${library}/include`,
    at('src', 'engine', 'native', 'kernels.cc'),
    '-o',
    `${scratch}/petl_kernels.so`,
    '-L',
    `${library}/lib`,
    '-ltensorflow_framework',
    '-lpthread',
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
  ]).catch(() => writeFileSync(`${scratch}/petl_kernels.so`, ''));
  await run(command, [...shared, at('scripts', 'setup', 'loader.cc'), '-o', `${scratch}/tfjs_binding.node`, '-ldl']);
  rmSync(cached, { recursive: true, force: true });
  renameSync(scratch, cached);
}

function putInPlace() {
  if (linkedTo(`${home}/deps`) !== link) {
    rmSync(`${home}/deps`, { recursive: true, force: true });
    symlinkSync(link, `${home}/deps`);
  }
  mkdirSync(installed, { recursive: true });
  for (const part of parts) {
    copyFileSync(`${cached}/${part}`, `${installed}/${part}.tmp`);
    renameSync(`${installed}/${part}.tmp`, `${installed}/${part}`);
  }
}

async function loads() {
  await run(
    process.execPath,
    [
      '-e',
      `
    require(${JSON.stringify(at('bin', 'legacy.cjs'))});
    const tf = require('@tensorflow/tfjs-node');
    if (tf.add(1, 1).dataSync()[0] !== 2) throw new Error('1 + 1 is not 2');`,
    ],
    { env: { TF_CPP_MIN_LOG_LEVEL: '3' } },
  );
}

const linkedTo = (path) =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined;
const sizeOf = (path) => statSync(path, { throwIfNoEntry: false })?.size;
const same = (part) =>
  sizeOf(`${cached}/${part}`) !== undefined && sizeOf(`${cached}/${part}`) === sizeOf(`${installed}/${part}`);

export const engine = {
  name: 'native engine',
  ready: () => linkedTo(`${home}/deps`) === link && parts.every(same),
  async act() {
    try {
      if (!existsSync(cached)) await compile();
      putInPlace();
      await loads();
    } catch (error) {
      rmSync(installed, { recursive: true, force: true });
      rmSync(cached, { recursive: true, force: true });
      throw new SetupError(
        `TensorFlow's native library could not be set up: ${error.message}`,
        `${error.remedy ?? 'see what the compiler said'}, then npm run setup`,
      );
    }
  },
};
