// Writes the parts of README.md between its markers from result files, so that no number there is typed.
//   node scripts/readme.mjs           takes the finished quick runs into results/readme.json and the figure, then writes README.md
//   node scripts/readme.mjs --check   fails where README.md is not what the committed files give
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const require = createRequire(import.meta.url);
const build = require('../bin/petl.cjs').build();
const lab = require(join(build, 'index.js'));
const { tableMarkdown } = require(join(build, 'plots', 'table.js'));
const at = (...parts) => join(root, ...parts);

function writeAtomically(path, text) {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

/** The finished quick runs as the README shows them; undefined while one is missing. */
function quickRuns() {
  const study = lab.existingMethods('quick');
  const records = lab.recordsOfRuns(lab.plansOf(study).map(({ spec }) => spec));
  if (records.length < lab.plansOf(study).length) return undefined;
  const rows = lab.resultsOf(study);
  const seconds = wallSeconds(records);
  const { cpu, cores } = records[0].run.environment;
  const comparisons = lab.compareWith(study, 'head');
  return { rows, comparisons, seconds: Math.round(seconds), peakMb: Math.max(...rows.map(({ peakMb }) => peakMb)), cpu, cores, trained: records[0].run.spec.training.examples, scored: records[0].final.tests.count };
}

/** From the first start to the last end: runs go side by side. Where some were made another day, no more than their sum. */
function wallSeconds(records) {
  const starts = records.map(({ run }) => Date.parse(run.started) / 1000);
  const ends = records.map(({ final }, i) => starts[i] + final.seconds);
  return Math.min(Math.max(...ends) - Math.min(...starts), records.reduce((sum, { final }) => sum + final.seconds, 0));
}

async function takeQuickRuns() {
  const quick = quickRuns();
  if (quick === undefined) return console.log('Quick runs are missing (npm start makes them): the README keeps its numbers.');
  mkdirSync(at('results', 'figures'), { recursive: true });
  writeAtomically(at('results', 'readme.json'), `${JSON.stringify(quick, null, 1)}\n`);
  const figure = lab.parameterScore(quick.rows, { name: 'quick-start', title: 'Trained parameters and accuracy on movie-review sentiment' });
  await lab.exportFigure(figure, at('results', 'figures'), { formats: ['svg', 'png', 'csv'] });
}

function start() {
  const { rows, comparisons, seconds, peakMb, cpu, cores, trained, scored } = JSON.parse(readFileSync(at('results', 'readme.json'), 'utf8'));
  const share = (value) => (value >= 99 ? value.toFixed(0) : String(Number(value.toPrecision(2))));
  const points = (value) => `${value >= 0 ? '+' : ''}${(100 * value).toFixed(1)}`;
  const gap = (label) => {
    const found = comparisons.find(({ first }) => first === label);
    return found ? `${points(found.gap)} [${points(found.interval.low)}, ${points(found.interval.high)}]` : '';
  };
  const columns = [['method', 'left'], ['trained', 'right'], ['% of backbone', 'right'], ['accuracy %', 'right'], ['against head only, 95% interval', 'left'], ['seconds', 'right']];
  const table = tableMarkdown({
    columns: columns.map(([title, align]) => ({ title, align })),
    rows: rows.map((row) => [row.label, row.trained.toLocaleString('en'), share(row.share), (100 * row.score).toFixed(1), gap(row.label), row.seconds.toFixed(0)]),
  });
  return `${table}

These nine runs took ${(seconds / 60).toFixed(1)} minutes on ${cores} cores (${cpu}) with at most ${(peakMb / 1024).toFixed(1)} GiB of memory a process: ${trained.toLocaleString('en')} training examples, one pass, one seed,
scored on ${scored.toLocaleString('en')} test examples. Set-up comes on top the first time.`;
}

function counts() {
  const examples = [
    ['minilm-l6', 'lora:r=16'], ['minilm-l6', 'mam:l=4,r=60'], ['roberta-base', 'lora:r=16'], ['roberta-base', 'mam:l=16,r=16,s=2'],
    ['bert-large-uncased', 'houlsby:m=64'], ['bart-large', 'prefix:l=200,mlp=800'], ['bart-large', 'pa-ffn:r=512,s=4'], ['bart-large', 'mam:l=30,r=512'],
  ];
  return tableMarkdown({
    columns: [{ title: 'model', align: 'left' }, { title: 'method', align: 'left' }, ...['parameters', 'trained', 'stored', 'paper', 'paper %'].map((title) => ({ title, align: 'right' }))],
    rows: examples.map(([model, method]) => {
      const { backbone, trained, stored, paper, share } = lab.count(lab.parseMethod(method), lab.knownShapes[model]);
      return [model, `\`${method}\``, ...[backbone, trained, stored, paper].map((value) => value.toLocaleString('en')), (100 * share).toFixed(2)];
    }),
  });
}

function notebooks() {
  const files = readdirSync(at('notebooks')).filter((name) => name.endsWith('.ipynb')).sort();
  const rows = files.map((name) => {
    const [first] = JSON.parse(readFileSync(at('notebooks', name), 'utf8')).cells;
    const title = /^#\s+(.*)$/m.exec([first.source].flat().join(''))?.[1] ?? name;
    return [`[${name.replace('.ipynb', '')}](notebooks/${name})`, title];
  });
  return tableMarkdown({ columns: [{ title: 'notebook', align: 'left' }, { title: 'shows', align: 'left' }], rows });
}

const papers = { he: 'He et al. 2021', houlsby: 'Houlsby et al. 2019', vlm: 'Lin et al. 2020', ai21: 'Levine et al. 2022' };
const words = ['confirmed', 'contradicted', 'unresolved', 'not-run'];

/** How many findings of each paper have which verdict, and every verdict on one that was run with the comparison that decides it. */
function verdicts() {
  const all = lab.verdicts(Object.keys(papers));
  const counts = tableMarkdown({
    columns: ['paper', ...words, 'findings'].map((title, c) => ({ title, align: c === 0 ? 'left' : 'right' })),
    rows: Object.entries(papers).map(([paper, name]) => {
      const own = all.filter((verdict) => verdict.paper === paper);
      return [name, ...words.map((word) => String(own.filter(({ verdict }) => verdict === word).length)), String(own.length)];
    }),
  });
  const run = all.filter(({ verdict }) => verdict !== 'not-run');
  if (run.length === 0) return counts;
  return `${counts}\n\n${tableMarkdown({
    columns: ['row', 'finding', 'source', 'verdict', 'gap and interval of the deciding comparison', 'seeds', 'notebook'].map((title) => ({ title, align: 'left' })),
    rows: run.map((verdict) => [verdict.id, verdict.finding, verdict.source, verdict.verdict, withInterval(verdict.gap, verdict.ci), String(verdict.seeds), notebookLink(verdict.notebook)]),
  })}`;
}

const withInterval = (gap, ends) => `${gap.toFixed(3)} [${ends.map((value) => value.toFixed(3)).join(', ')}]`;
const notebookLink = (path) => (path === null ? '' : `[${/\/(\w+)-/.exec(path)?.[1] ?? path}](${path})`);

/** The benchmark's figure and its bars; every row stands in its own table. */
function speed() {
  const path = at('results', 'bench', 'summary.json');
  if (!existsSync(path)) return 'Not measured yet: `npm run bench`.';
  const { bars, machine } = JSON.parse(readFileSync(path, 'utf8'));
  const shown = (value) => (typeof value === 'number' ? value.toFixed(2) : Array.isArray(value) ? value.join(', ') || 'none' : String(value ?? 'not measured'));
  const checks = tableMarkdown({
    columns: ['aim, geometric mean where not said otherwise', 'wanted', 'measured', 'met'].map((title, c) => ({ title, align: c === 0 ? 'left' : 'right' })),
    rows: bars.map(({ name, wanted, got, met }) => [name, shown(wanted), shown(got), met === null ? '' : met ? 'yes' : 'no']),
  });
  return `![Examples a second of PyTorch, of petl-lab doing the same work, and of petl-lab as shipped, in float32](results/bench/figure.svg)\n\n${checks}\n\nall-MiniLM-L6-v2 on ${machine.threads} cores (${machine.cpu}). Every cell with its 95% bootstrap interval, memory and GFLOP/s: [table](results/bench/table.md).`;
}

/** Greedy text of SmolLM2-135M-Instruct beside transformers on the same weights, and what loading it takes. */
function generation() {
  const path = at('results', 'bench', 'generate.json');
  if (!existsSync(path)) return 'Not measured yet: `npm run bench -- --generate all`.';
  const { load, machine, ...parts } = JSON.parse(readFileSync(path, 'utf8'));
  const span = ({ speedup, speedupCi }) => `${speedup.toFixed(2)} (${speedupCi.map((end) => end.toFixed(2)).join(' to ')})`;
  const cells = ['chat', 'long', 'batch'].flatMap((name) => parts[name] ?? []);
  const table = tableMarkdown({
    columns: ['rows', 'tokens read', 'written', 'PyTorch ms a token', 'ours', 'ours in bfloat16', 'times PyTorch', 'in bfloat16'].map((title) => ({ title, align: 'right' })),
    rows: cells.map(({ rows, promptTokens, newTokens, torch, ours, bf16 }) => [String(rows), [...new Set([Math.max(...promptTokens), Math.min(...promptTokens)])].reverse().join(' to '), String(newTokens),
      ...[torch, ours, bf16].map(({ msPerStep }) => msPerStep.toFixed(1)), span(ours), span(bf16)]),
  });
  const of = ({ seconds, peakRatio }) => `${seconds.toFixed(1)} s and at most ${peakRatio.toFixed(2)} times its float32 size of memory`;
  return `${table}\n\nLoading it and answering takes ${of(load.f32)}; in bfloat16 ${of(load.bf16)}. ${machine.threads} cores (${machine.cpu}).`;
}

/** The base that this project pretrains: what went in, what it knows, and whether it is worth adapting. */
function base() {
  const path = at('data', 'models', 'petl-mini-seq2seq', 'training.json');
  if (!existsSync(path)) return 'Not pretrained yet: [recipe](data/pretraining/README.md).';
  const { tokens, seconds, kept, machine } = JSON.parse(readFileSync(path, 'utf8'));
  const about = `${(tokens / 1e6).toFixed(1)} million target tokens in ${(seconds / 60).toFixed(0)} minutes on ${machine.threads} threads (${machine.cpu}); perplexity ${kept.perplexity.toFixed(2)} a token on texts kept aside ([card](data/models/petl-mini-seq2seq/README.md)).`;
  const gate = lab.readGate();
  return gate === undefined ? about : `${about}\n\n${tableMarkdown(lab.gateTable(gate.lines))}`;
}

/** Each method of the precision study with its products in float32 and in bfloat16: accuracy over seeds, seconds a run. */
function precision() {
  const study = lab.studies.precision('full');
  const rows = lab.resultsOf(study);
  if (rows.length < lab.plansOf(study).length) return 'Not run yet: `npx petl study precision --tier full`.';
  const percent = (score) => (100 * score).toFixed(1);
  const spread = (own) => `${percent(lab.mean(own))} ± ${percent(lab.deviation(own))} (${own.map(percent).join(', ')})`;
  const of = ({ label }) => rows.filter((row) => row.label === label).sort((a, b) => a.seed - b.seed);
  const scores = (variant) => of(variant).map(({ score }) => score);
  const seconds = (variant) => lab.mean(of(variant).map((row) => row.seconds)).toFixed(0);
  const pairs = study.variants.filter((_, i) => i % 2 === 0).map((float32, i) => [float32, study.variants[2 * i + 1]]);
  return `${tableMarkdown({
    columns: ['method', 'accuracy % in float32', 'in bfloat16', 'seconds in float32', 'in bfloat16'].map((title, c) => ({ title, align: c === 0 ? 'left' : 'right' })),
    rows: pairs.map(([float32, bfloat16]) => [float32.label, spread(scores(float32)), spread(scores(bfloat16)), seconds(float32), seconds(bfloat16)]),
  })}

Mean and standard deviation over ${pairs[0][0].runs.length} seeds, and each of them; a run that ends near 50 has learnt nothing.`;
}

/** Runs made a second time: how far they fell from the record, and how many new seeds fell where the recorded ones predict. */
function repeats() {
  const all = lab.repeats('full');
  if (all.length === 0) return 'No run was made a second time yet: `npx petl repeat RUN`.';
  const again = all.filter(({ recorded }) => recorded !== null);
  const fresh = all.filter(({ interval }) => interval !== null);
  const furthest = Math.max(0, ...again.map(({ score, recorded }) => Math.abs(score - recorded)));
  return `Made a second time (\`npx petl repeat RUN\`, every one in \`results/repeats/\`): ${again.length} runs with their own seeds, of which ${again.filter(({ held }) => held).length} gave the
recorded score to 1e-4 (largest difference ${furthest === 0 ? '0' : furthest.toExponential(0)}), and ${fresh.length} with a new seed, of which ${fresh.filter(({ held }) => held).length} fell inside the 95% prediction interval of the recorded seeds.`;
}

/** What the committed results took. */
const compute = () => `${tableMarkdown(lab.spentTable(lab.spent()))}\n\nHours are summed over runs with all that belongs to them: data, training, scoring, decoding. A study works on two at a time, \`cost\` on one.`;

/** Beyond the paper: what of the whole design space is better than MAM of the same size. */
function design() {
  const { screen, finals, mam, transfer, transferMam } = lab.designStages('full');
  const study = lab.studyNamed('design-space', 'full');
  const against = (ours) => (ours === undefined ? [] : lab.compareWith(study, ours.name));
  const [near, far] = [against(mam), against(transferMam)];
  if (near.length < finals.length || far.length < transfer.length || far.length === 0) return 'Beyond the paper: `npx petl study design-space --tier full` has not finished yet.';
  const better = (all, unit) => all.filter(({ interval }) => interval.low > 0).sort((a, b) => b.gap - a.gap)
    .map(({ first, gap, interval }) => `\`${first}\`, by ${withInterval(gap, [interval.low, interval.high])} ${unit}`).join('; ') || 'none';
  return `Beyond the paper, ${screen.length} points of the whole design space were screened on sentiment, and the best of them, alone and in pairs, set beside MAM of the same size
([08b](notebooks/08b-the-design-space.ipynb)). Better than it, by a 95% interval of each comparison by itself: on sentiment, of ${near.length}, ${better(near, 'in accuracy')}; on English-Romanian, of the ${far.length} that went on,
${better(far, 'nats per token')}.`;
}

const parts = { start, counts, speed, precision, generation, base, notebooks, verdicts, design, repeats, compute };

/** The page with every part between its markers made anew. */
function rendered(page) {
  return Object.entries(parts).reduce((text, [name, make]) => {
    const [begin, end] = [`<!-- begin ${name}: made by scripts/readme.mjs -->`, `<!-- end ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`README.md lacks the markers of "${name}"`);
    return `${text.slice(0, from + begin.length)}\n${make()}\n${text.slice(to)}`;
  }, page);
}

const check = process.argv.includes('--check');
if (!check) await takeQuickRuns();
const before = readFileSync(at('README.md'), 'utf8');
const after = rendered(before);
if (!check) writeAtomically(at('README.md'), after);
else if (before !== after) {
  console.error('README.md is not what the result files give: node scripts/readme.mjs');
  process.exitCode = 1;
}
