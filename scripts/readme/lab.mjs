// The built library and paths of the project, for every part of the page.
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '..', '..', '..');
const require = createRequire(import.meta.url);
process.env.PETL_QUICK_RESULTS = join(root, 'results', 'reference', 'quick'); // the runs that stand behind the page
const build = require('../../bin/petl.cjs').build();
export const lab = require(join(build, 'index.js'));
export const { tableMarkdown } = require(join(build, 'plots', 'table.js'));
export const { svgPng } = require(join(build, 'plots', 'svg.js'));
export const { writeWhole } = require(join(build, 'files.js'));
export const at = (...parts) => join(root, ...parts);
