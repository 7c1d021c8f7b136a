// The engine and the base as they were measured.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, lab, tableMarkdown } from './lab.mjs';

/** The benchmark's figure and its bars; every row stands in its own table. */
export function speed() {
  const path = at('results', 'bench', 'summary.json');
  if (!existsSync(path)) return 'Not measured yet: `npm run bench`.';
  const { bars, machine } = JSON.parse(readFileSync(path, 'utf8'));
  const shown = (value) =>
    typeof value === 'number'
      ? value.toFixed(2)
      : Array.isArray(value)
        ? value.join(', ') || 'none'
        : String(value ?? 'not measured');
  const checks = tableMarkdown({
    columns: ['aim, geometric mean where not said otherwise', 'wanted', 'measured', 'met'].map((title, c) => ({
      title,
      align: c === 0 ? 'left' : 'right',
    })),
    rows: bars.map(({ name, wanted, got, met }) => [
      name,
      shown(wanted),
      shown(got),
      met === null ? '' : met ? 'yes' : 'no',
    ]),
  });
  return `![Examples a second of PyTorch, of petl-lab doing the same work, and of petl-lab as shipped, in float32](results/bench/figure.svg)\n\n${checks}\n\nall-MiniLM-L6-v2 on ${machine.threads} cores (${machine.cpu}). Every cell with its 95% bootstrap interval, memory and GFLOP/s: [table](results/bench/table.md).`;
}

/** Greedy text of SmolLM2-135M-Instruct beside transformers on the same weights, and what loading it takes. */
export function generation() {
  const path = at('results', 'bench', 'generate.json');
  if (!existsSync(path)) return 'Not measured yet: `npm run bench -- --generate all`.';
  const { load, machine, ...parts } = JSON.parse(readFileSync(path, 'utf8'));
  const span = ({ speedup, speedupCi }) =>
    `${speedup.toFixed(2)} (${speedupCi.map((end) => end.toFixed(2)).join(' to ')})`;
  const cells = ['chat', 'long', 'batch'].flatMap((name) => parts[name] ?? []);
  const table = tableMarkdown({
    columns: [
      'rows',
      'tokens read',
      'written',
      'PyTorch ms a token',
      'ours',
      'ours in bfloat16',
      'times PyTorch',
      'in bfloat16',
    ].map((title) => ({ title, align: 'right' })),
    rows: cells.map(({ rows, promptTokens, newTokens, torch, ours, bf16 }) => [
      String(rows),
      [...new Set([Math.max(...promptTokens), Math.min(...promptTokens)])].reverse().join(' to '),
      String(newTokens),
      ...[torch, ours, bf16].map(({ msPerStep }) => msPerStep.toFixed(1)),
      span(ours),
      span(bf16),
    ]),
  });
  const of = ({ seconds, peakRatio }) =>
    `${seconds.toFixed(1)} s and at most ${peakRatio.toFixed(2)} times its float32 size of memory`;
  return `${table}\n\nLoading it and answering takes ${of(load.f32)}; in bfloat16 ${of(load.bf16)}. ${machine.threads} cores (${machine.cpu}).`;
}

/**
 * Each method of the precision study with its products in float32 and in bfloat16: accuracy over seeds, seconds a run.
 */
export function precision() {
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
    columns: ['method', 'accuracy % in float32', 'in bfloat16', 'seconds in float32', 'in bfloat16'].map(
      (title, c) => ({ title, align: c === 0 ? 'left' : 'right' }),
    ),
    rows: pairs.map(([float32, bfloat16]) => [
      float32.label,
      spread(scores(float32)),
      spread(scores(bfloat16)),
      seconds(float32),
      seconds(bfloat16),
    ]),
  })}

Mean and standard deviation over ${pairs[0][0].runs.length} seeds, and each of them; a run that ends near 50 has learnt nothing.`;
}

/** The bases that this project pretrains: what went in, what they know, and whether they are worth adapting. */
export function base() {
  const folder = at('data', 'models');
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'training.json')));
  const lines = names.sort().map((name) => `- \`${name}\`: ${trained(name)}`);
  const gate = lab.readGate();
  return [...lines, ...(gate === undefined ? [] : ['', tableMarkdown(lab.gateTable(gate.lines))])].join('\n');
}

function trained(name) {
  const run = JSON.parse(readFileSync(at('data', 'models', name, 'training.json'), 'utf8'));
  const { tokens, seconds, kept, machine } = run;
  return `${(tokens / 1e6).toFixed(1)} million target tokens in ${(seconds / 60).toFixed(0)} minutes on ${machine.threads} thread${machine.threads === 1 ? '' : 's'} (${machine.cpu}); perplexity ${kept.perplexity.toFixed(2)} a token on texts kept aside ([card](data/models/${name}/README.md)).`;
}
