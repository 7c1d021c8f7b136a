// Changes one small thing in the source at a time and asks the tests that should notice: a change that none notices
// survives, and the tests hold less than they seem to.
//   node scripts/mutants.mjs [NUMBER...]   all of them, or some; the sources are put back whatever happens
//   node scripts/mutants.mjs --check       only whether each still has the code that it changes
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const statistics = 'src/experiments/statistics';
const findings = 'src/experiments/findings';
const tuning = 'src/experiments/tuning';

/** What is changed: file, code as it stands there once, code in its place, tests that must fail. */
const mutants = [
  [
    'settings that cannot speak ask for correction',
    `${findings}/verdict.ts`,
    'all.filter((test) => maySpeak(test, known))',
    'all',
    findings,
  ],
  ['a short trial beats a long one', `${tuning}/tuned.ts`, '(steps ?? 0) === longest', 'true', tuning],
  ['one seed of two', `${tuning}/candidates.ts`, 'last.length === rung.seeds.length', 'last.length > 0', tuning],
  ['pairs runs on other frozen weights', `${statistics}/link.ts`, ' && models.size < 2', '', statistics],
  [
    'bootstrap p without + 1',
    `${statistics}/bootstrap.ts`,
    'Math.min(below, above) + 1',
    'Math.min(below, above)',
    statistics,
  ],
  [
    'gate with one comparison less',
    `${findings}/gate.ts`,
    'own.length === expected',
    'own.length >= expected - 1',
    findings,
  ],
  [
    'Holm level not applied',
    `${findings}/decide.ts`,
    'crossedInterval(test.found, level)',
    'crossedInterval(test.found)',
    findings,
  ],
  ['delta of accuracy', `${findings}/decide.ts`, 'accuracy: 0.01', 'accuracy: 0.1', findings],
  ['delta of likelihood', `${findings}/decide.ts`, 'nll: 0.03', 'nll: 0.3', findings],
  ['delta is the whole printed gap', `${findings}/printed.ts`, 'Math.abs(gap) / 2', 'Math.abs(gap)', findings],
  ['freedom of seeds', `${statistics}/crossed.ts`, 't(p, seeds - 1)', 't(p, seeds)', statistics],
  [
    'examples vary nothing',
    `${statistics}/crossed.ts`,
    'Math.max(0, exampleSquare - restSquare) / cells',
    '0',
    statistics,
  ],
  [
    'seeds vary nothing',
    `${statistics}/crossed.ts`,
    'seedVariance: seedSquare / cells, exampleVariance }',
    'seedVariance: 0, exampleVariance }',
    statistics,
  ],
  ['lower losses are worse', 'src/rows.ts', "metric === 'nll' ? -1 : 1", "metric === 'nll' ? 1 : 1", statistics],
  ['weights left out', `${statistics}/link.ts`, '(weights[place] ?? 1)', '1', findings],
  ['Holm by the number of all', `${statistics}/statistics.ts`, 'p * (ps.length - rank)', 'p * ps.length', statistics],
  [
    'prediction interval of a mean',
    `${statistics}/statistics.ts`,
    'Math.sqrt(1 + 1 / values.length)',
    'Math.sqrt(1 / values.length)',
    statistics,
  ],
  ['deviation by n', 'src/numbers.ts', '/ (values.length - 1)', '/ values.length', statistics],
  ['three seeds decide', 'src/experiments/statistics/link.ts', 'seedsToDecide = 5', 'seedsToDecide = 3', findings],
  ['room of one delta', `${findings}/preconditions.ts`, 'room >= 5 * delta', 'room >= delta', findings],
  ['rates on the edge', `${findings}/rates.ts`, 'return isEdge ?', 'return false && isEdge ?', findings],
  [
    'rates of fewer steps',
    `${findings}/rates.ts`,
    'found.steps < record.final.steps',
    'found.steps > record.final.steps',
    findings,
  ],
  [
    'a lost gate',
    `${findings}/preconditions.ts`,
    'filter(({ passed }) => !passed)',
    'filter(({ passed }) => !passed && false)',
    findings,
  ],
  [
    'a look that counts for nothing',
    `${findings}/verdict.ts`,
    '[[`${key} before`, decidingP(test.link, test.before, delta)] as const]',
    '[]',
    findings,
  ],
  ['an order by the p of no difference', `${findings}/decide.ts`, 'crossedP(found, end)', 'crossedP(found)', findings],
  [
    'a gate of one model',
    `${findings}/precondition.ts`,
    'models.filter((name) =>',
    'models.slice(0, 1).filter((name) =>',
    findings,
  ],
  [
    'nothing known of the most frequent answer',
    `${findings}/learnt.ts`,
    'if (rows.length < 2) return []',
    'if (rows.length < 9) return []',
    findings,
  ],
  ['power without level', `${findings}/preconditions.ts`, 'leastGap(found, level)', '0', findings],
  ['metrics that disagree', `${findings}/preconditions.ts`, '!opposite,', 'true,', findings],
  ['a gap that turned', `${findings}/flat.ts`, 'Math.sign(half) === Math.sign(end)', 'true', findings],
  [
    'a contradicted comparison beside',
    `${findings}/verdict.ts`,
    "verdict === 'confirmed' && isBroken",
    'false && isBroken',
    findings,
  ],
  ['a step time with the first step', `${statistics}/measure.ts`, '.slice(1)', '.slice(0)', findings],
  ['one dropout mask for all steps', 'src/training/loop.ts', 'this.done * 1000', '1000', 'src/training/loop.test.ts'],
  ['a head ten times as large', 'src/training/kinds/pooled.ts', 'std: 0.02', 'std: 0.2', 'src/training/loop.test.ts'],
];

const moved = mutants.flatMap(([about, file, from, , tests], i) => {
  const times = existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8').split(from).length - 1 : 0;
  const lost = times === 1 ? [] : [`${i + 1} ${about}: ${file} has "${from}" ${times} times, not once`];
  return existsSync(join(root, tests)) ? lost : [...lost, `${i + 1} ${about}: ${tests} is not there`];
});
for (const line of moved) console.error(line);
if (moved.length > 0 || process.argv[2] === '--check') process.exit(moved.length > 0 ? 1 : 0);

const wanted = process.argv.slice(2).map(Number);
const chosen = mutants
  .map((mutant, i) => [i + 1, ...mutant])
  .filter(([i]) => wanted.length === 0 || wanted.includes(i));
const survived = [];
for (const [number, about, file, from, to, tests] of chosen) {
  const path = join(root, file);
  const source = readFileSync(path, 'utf8');
  const restore = () => writeFileSync(path, source);
  process.once('exit', restore);
  try {
    writeFileSync(
      path,
      source.replace(from, () => to),
    );
    const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', tests, '--maxWorkers=1', '--bail=1'];
    const env = { ...process.env, PETL_TESTS: 'all' };
    const { status } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env });
    if (status === 0) survived.push(about);
    console.log(`${status === 0 ? 'SURVIVED' : 'killed  '} ${String(number).padStart(2)} ${about}`);
  } finally {
    restore();
    process.off('exit', restore);
  }
}
console.log(`${chosen.length - survived.length} of ${chosen.length} killed`);
process.exitCode = survived.length > 0 ? 1 : 0;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
