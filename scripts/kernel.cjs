// Starts the tslab kernel for this project. Nine faults of the bare `tslab` command are cured here: the working folder
// (imports and data paths start at the project root), Node >= 23, lost output, interrupts, new files beside the sources,
// errors that begin with compiled code, no docs inside the brackets of a call, a life after its server's,
// shorthand properties of earlier cells' variables.
const path = require('node:path');
const { Worker } = require('node:worker_threads');
require('../bin/legacy.cjs');

process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
process.chdir(path.resolve(__dirname, '..'));

// A Jupyter server that is killed cannot end its kernels, and one that computes listens to nobody: a thread of its own
// watches whether the server lives.
const watch = `const parent = Number(process.env.JPY_PARENT_PID) || process.ppid;
setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 1000);`;
new Worker(watch, { eval: true }).unref();

// zeromq takes about 512 messages at once, then refuses the next with EBUSY, and tslab drops it: a cell that
// prints much would never end. Messages therefore queue behind a send that is still under way.
const { Publisher } = require('zeromq');
const { bind, send } = Publisher.prototype;
Object.defineProperty(Publisher.prototype, 'bind', {
  configurable: true,
  value(...address) {
    this.sendHighWaterMark = 0;
    return bind.apply(this, address);
  },
});
let last = Promise.resolve();
let queued = 0;
Object.defineProperty(Publisher.prototype, 'send', {
  configurable: true,
  writable: true,
  value(message) {
    if (queued === 0) {
      try {
        last = send.call(this, message);
        return last;
      } catch (error) {
        if (error.code !== 'EBUSY') throw error;
      }
    }
    queued += 1;
    last = last
      .catch(() => undefined)
      .then(() => send.call(this, message))
      .finally(() => {
        queued -= 1;
      });
    return last;
  },
});

// tslab knows one timer of the compiler and fails at a second one, in this cell and all later ones. The compiler sets
// that
// second one when a file appears in a folder it watches, as when a source is added: it gets a real timer.
const { sys } = require(
  require.resolve('@tslab/typescript-for-tslab', { paths: [require.resolve('tslab/package.json')] }),
);
const isReal = (timer) => typeof timer?.ref === 'function';
for (const [name, real, fits] of [
  ['setTimeout', setTimeout, (callback) => callback.name === 'invalidateResolutionsOfFailedLookup'],
  ['clearTimeout', clearTimeout, isReal],
]) {
  Object.defineProperty(sys, name, {
    configurable: true,
    get: () => real,
    // tslab assigns its own to an object that inherits from sys.
    set(own) {
      Object.defineProperty(this, name, { value: (first, ...rest) => (fits(first) ? real : own)(first, ...rest) });
    },
  });
}

// Loops that run for long read this counter at each step and stop cleanly when it has grown.
globalThis.interrupted = 0;
process.on('SIGINT', () => {
  globalThis.interrupted += 1;
});

require('./notebook/interrupts.cjs').letLoopsEnd();
require('./notebook/declarations.cjs').importDeclared(sys);
require('./notebook/shorthand.cjs').writeOutShorthand();
require('./notebook/errors.cjs').showErrors();
require('./notebook/inspect.cjs').inspectCalls();
require('./notebook/ready.cjs').sayReady();
require('tslab/dist/main.js').startKernel({ configPath: process.argv[2] });
