// `{ task }` for a variable of an earlier cell: tslab compiles the name as it stands, which no later cell knows. Written
// out, `{ task: task }`, it is compiled as every other use of the variable.
const ts = require(require.resolve('@tslab/typescript-for-tslab', { paths: [require.resolve('tslab/package.json')] }));

/** The cell with every shorthand property written out; lines stay where they are. */
function writtenOut(code) {
  if (!code.includes('{')) return code;
  const file = ts.createSourceFile('cell.ts', code, ts.ScriptTarget.ES2022, true);
  const places = [];
  const visit = (node) => {
    if (ts.isShorthandPropertyAssignment(node)) places.push([node.name.getEnd(), node.name.text]);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return places.reduceRight((text, [at, name]) => `${text.slice(0, at)}: ${name}${text.slice(at)}`, code);
}

/** tslab's executors, given cells with their shorthand properties written out. */
function writeOutShorthand() {
  const executors = require('tslab/dist/executor.js');
  const { createExecutor } = executors;
  executors.createExecutor = (...given) => {
    const made = createExecutor(...given);
    return { ...made, execute: (code) => made.execute(writtenOut(code)) };
  };
}

module.exports = { writeOutShorthand, writtenOut };
