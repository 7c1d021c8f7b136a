// Shift+Tab inside the brackets of a call shows the docs of what is called; tslab knows only names under the cursor.

/** Where the name stands whose call's brackets hold `position`; -1 outside of a call. */
function calleeBefore(code, position) {
  let depth = 0;
  for (let at = position - 1; at >= 0; at--) {
    if (code[at] === ')') depth += 1;
    if (code[at] !== '(') continue;
    if (depth === 0) return /[\w$]\s*$/.exec(code.slice(0, at))?.index ?? -1;
    depth -= 1;
  }
  return -1;
}

/** tslab's executors with an `inspect` that goes outwards from the cursor, call by call, until something has docs. */
function inspectCalls() {
  const executors = require('tslab/dist/executor.js');
  const { createExecutor } = executors;
  executors.createExecutor = (...given) => {
    const made = createExecutor(...given);
    const inspect = (code, position) => {
      const found = made.inspect(code, position);
      const callee = found === null || found === undefined ? calleeBefore(code, position) : -1;
      return callee < 0 ? found : inspect(code, callee);
    };
    return { ...made, inspect };
  };
}

module.exports = { calleeBefore, inspectCalls };
