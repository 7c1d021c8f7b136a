// Says when the kernel is ready, on the server's terminal, and what the first import does where it will take long.
const fs = require('node:fs');

/** Seconds of a start above which this machine is taken for a slow or busy one. */
const usual = Number(process.env.PETL_SLOW_START ?? 5);

const sources = (folder) =>
  fs.readdirSync(folder, { recursive: true }).filter((name) => /(?<!\.test|\.d)\.ts$/.test(name)).length;

function sayReady() {
  const { ZmqServer } = require('tslab/dist/jupyter.js');
  const { init } = ZmqServer.prototype;
  let seconds = 0;
  ZmqServer.prototype.init = async function (...given) {
    const made = await init.apply(this, given);
    seconds = process.uptime();
    fs.writeSync(2, `TypeScript kernel ready in ${seconds.toFixed(1)} s\n`);
    return made;
  };

  const executors = require('tslab/dist/executor.js');
  const { createExecutor } = executors;
  executors.createExecutor = (...given) => {
    const made = createExecutor(...given);
    let first = true;
    const execute = async (code) => {
      if (first && /from\s*['"]\.\/src\//.test(code)) {
        first = false;
        if (seconds > usual) {
          // scripts/notebook/file.mjs keeps this line out of saved notebooks.
          console.log(
            `petl-lab: reading ${sources('src')} sources once, about ${Math.ceil(seconds)} s on this busy machine`,
          );
          await new Promise(setImmediate);
        }
      }
      return await made.execute(code);
    };
    return { ...made, execute };
  };
}

module.exports = { sayReady };
