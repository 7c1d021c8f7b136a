// The library as a package: the sources are transpiled once, as the command does, then src/index.ts is loaded.
const path = require('node:path');
const { build } = require('./petl.cjs');

process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
module.exports = require(path.join(build(), 'index.js'));
