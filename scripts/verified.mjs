// Makes ten committed runs again with the code that is here (`petl verify`) and keeps what came out: writes
// results/scaling/verified.json and docs/scaling.md.
//   node scripts/verified.mjs [--again]    goes on where it was stopped
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writePage } from './scaling/page.mjs';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const require = createRequire(import.meta.url);
process.env.PETL_BUILD = require('../bin/petl.cjs').build();
const load = (...path) => require(join(process.env.PETL_BUILD, ...path));
const { progressTable } = load('experiments', 'runner', 'progress.js');
const { verifyRuns } = load('experiments', 'runner', 'verify.js');
const { codeFingerprint } = load('experiments', 'store', 'code.js');
const { environment } = load('experiments', 'store', 'environment.js');
const { madeBy } = load('experiments', 'store', 'entry.js');
const { recordAt } = load('experiments', 'store', 'read.js');
const { writeWhole } = load('files.js');

/** Short ones of several studies, methods and ages. */
const paths = [
  'many-lexical-field/head-lexical-field-s5-99b4f52d',
  'many-lexical-field/top-k1-lexical-field-s5-2bf27c23',
  'many-lexical-field/layernorm-lexical-field-s5-fff88543',
  'many-lexical-field/houlsby-m32-std1-lexical-field-s4-a1de636e',
  'many-lexical-field/houlsby-m128-lexical-field-s4-9f22ead1',
  'many-lexical-field/top-k3-lexical-field-s2-891b62c8',
  'base-gate/full-english-romanian-s1-81b990c1',
  'sentiment/head-sentiment-s1-87923798',
  'many-lexical-field/full-lexical-field-s1-d4f0f66d',
  'cost/pfeiffer-r171-synopsis-s1-f57fdc7a',
];

const file = join(root, 'results', 'scaling', 'verified.json');
const code = codeFingerprint();
const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
const known = process.argv.includes('--again') || before?.code !== code ? [] : before.runs;
const runs = [...known];
for (const path of paths) {
  const record = recordAt(join(root, 'results', `${path}.jsonl`));
  const { id, spec } = record.run;
  if (runs.some((run) => run.id === id)) continue;
  const { verified, report } = await verifyRuns([record], { progress: progressTable() });
  const [one] = verified;
  if (one === undefined) throw new Error(`${id} was not made again: ${report.failed[0]?.message ?? 'interrupted'}`);
  const [recorded, again] = one.difference.score;
  const made = madeBy(record.run.environment.code, code);
  runs.push({ id, study: spec.study, verdict: one.verdict, recorded, again, code: made });
  const { commit, cpu, cores } = environment();
  writeWhole(file, `${JSON.stringify({ machine: { commit, cpu, cores }, code, runs }, null, 1)}\n`);
  writePage();
  console.log(`${id}: ${one.verdict}, ${recorded} and ${again}`);
}
writePage();
process.exit(runs.every(({ verdict }) => verdict !== 'differs') ? 0 : 1);
