// Where npm has put packages: in this project's folder, or in that of a project that installed it. Set-up stands on it
// before there is anything to transpile with, and the sources after it.
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');

/** Whether another project has installed this one: its npm has brought the packages then, and no notebooks are here. */
const isDependency = path.basename(path.dirname(root)) === 'node_modules';

/** The folder of an npm package: here, or in the project that installed this one. */
function npmFolder(name) {
  const beside = path.join(path.dirname(root), name);
  return isDependency && fs.existsSync(beside) ? beside : path.join(root, 'node_modules', name);
}

module.exports = { isDependency, npmFolder };
