// Starts the tslab kernel for this project. Four faults of the bare `tslab` command are cured here:
// the working folder (imports and data paths start at the project root), Node >= 23, lost output, interrupts.
const path = require('node:path');
const util = require('node:util');

// tfjs-node 4.22 still calls a function that Node 23 removed.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;

process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
process.chdir(path.resolve(__dirname, '..'));

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
    last = last.catch(() => undefined).then(() => send.call(this, message)).finally(() => { queued -= 1; });
    return last;
  },
});

// Loops that run for long read this counter at each step and stop cleanly when it has grown.
globalThis.interrupted = 0;
process.on('SIGINT', () => { globalThis.interrupted += 1; });

require('tslab/dist/main.js').startKernel({ configPath: process.argv[2] });
