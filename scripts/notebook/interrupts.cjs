// tslab ends an interrupted cell at once, with words of its own, while what the cell began goes on behind it. Where that
// has said that it will stop by itself (`globalThis.heeding`), the cell ends when it does, with what it says; a second
// interrupt ends the cell at once.

function letLoopsEnd() {
  const executors = require('tslab/dist/executor.js');
  const { createExecutor } = executors;
  executors.createExecutor = (...given) => {
    const made = createExecutor(...given);
    let before = 0;
    const execute = (code) => {
      before = globalThis.interrupted;
      return made.execute(code);
    };
    const interrupt = () => {
      if (!(globalThis.heeding > 0) || globalThis.interrupted > before + 1) made.interrupt();
    };
    return { ...made, execute, interrupt };
  };
}

module.exports = { letLoopsEnd };
