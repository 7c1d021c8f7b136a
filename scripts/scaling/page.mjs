// The parts of docs/scaling.md between its markers, from result files alone.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '..', '..', '..');
const page = join(root, 'docs', 'scaling.md');
const results = (...path) => join(root, 'results', ...path);
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const percent = (share) => `${(100 * share).toFixed(1)}%`;
const table = (columns, rows) =>
  [
    `| ${columns.join(' | ')} |`,
    `|---|${columns
      .slice(1)
      .map(() => '---:|')
      .join('')}`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');

function measured({ real: one, imagined: many, studies: shipped }) {
  const shown = many.lines[0].points.map(({ workers }) => workers);
  const row = ({ losses, points }) => `| ${losses} | ${points.map(({ share }) => percent(share)).join(' | ')} |`;
  return `| study | runs | over the shortest possible time, 2 workers | 3 | 8 |
|---|---:|---:|---:|---:|
${shipped.map(({ study, runs, over }) => `| ${study} | ${runs} | ${over.map(percent).join(' | ')} |`).join('\n')}

A study of ${one.runs} runs that sleep, on ${one.workers} real workers of which one was lost after ${one.lostAt.toFixed(0)} s, took ${one.measured.toFixed(1)} s; ${one.foreseen.toFixed(1)} s were foreseen
(${percent(Math.abs(one.foreseen / one.measured - 1))} off), ${one.bound.toFixed(1)} s are the shortest possible; a worker's
start (${one.start.toFixed(1)} s) and what a run costs beside its own time (${one.each.toFixed(1)} s) were measured in it. ${many.runs.toLocaleString('en')} runs as long as the stored ones, ${many.hours.toFixed(0)} hours of work, on imagined machines: a worker takes ${many.start} s to
start, ${many.compile} s to compile, ${many.replace} s to be replaced, and keeps the state of its run each ${many.keep} s.

![Shortest possible time over time taken, by the number of workers and their losses](../results/scaling/scaling.svg)

| lost by a worker in an hour | ${shown.map((workers) => `${workers} worker${workers > 1 ? 's' : ''}`).join(' | ')} |
|---:|${shown.map(() => '---:|').join('')}
${many.lines.map(row).join('\n')}`;
}

/** What two workers of one thread are worth. */
function workers({ machine, kinds, two, wide }) {
  const span = ({ value, low, high }) => `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
  const rows = kinds.map(({ name, clean, seconds, ...ratios }) => [
    `${name}${clean ? '' : ' (noisy)'}`,
    ...[seconds.one, seconds.two, seconds.wide].map((value) => value.toFixed(1)),
    span(ratios.two),
    span(ratios.wide),
  ]);
  const columns = [
    'run',
    'alone, s',
    'two side by side, s',
    'on two threads, s',
    'two workers are worth',
    'two threads over both',
  ];
  return `${table(columns, rows)}

Over these kinds two workers of one thread are worth ${two.toFixed(2)} of one, and a run on two threads takes ${wide.toFixed(2)} times what the two need for
each run (geometric means; ${machine.threads} cores, ${machine.cpu}; medians of rounds in turn, whole runs, what a worker loads and compiles once not counted).`;
}

/** A list of many runs. */
function listing({ runs, megabytes, seconds, machine }) {
  const rows = [
    ['first time, every file read and checked', seconds.cold],
    ['again', seconds.warm],
    ['again, `--sort score`', seconds.sorted],
    ["again, `--where 'method=head'`", seconds.filtered],
    ['after one run more', seconds.more],
  ].map(([name, value]) => [name, value.toFixed(2)]);
  return `${table([`\`petl runs\` over ${runs.toLocaleString('en')} runs (${megabytes} MiB of files)`, 'seconds, the whole command'], rows)}

${machine.cpu}, Node ${machine.node}.`;
}

/** Runs foreseen and measured. */
function memory({ runs, studies }) {
  const rows = runs
    .filter(({ foreseenMb }) => foreseenMb !== undefined)
    .map(({ name, peakMb, foreseenMb, off }) => [
      name,
      String(Math.round(peakMb)),
      String(foreseenMb),
      `${off >= 0 ? '+' : ''}${percent(off)}`,
    ]);
  const offs = runs.flatMap(({ off }) => (off === undefined ? [] : [Math.abs(off)]));
  const within = offs.filter((off) => off <= 0.15).length;
  return `${table(['run', 'measured, MiB', 'foreseen, MiB', 'off'], rows)}

${within} of ${offs.length} lie within 15%, the furthest is ${percent(Math.max(...offs))} off, ${percent(offs.reduce((a, b) => a + b, 0) / offs.length)} on average. Each was foreseen by weights fitted to the others alone. Whole
studies, whose worker makes one run after another and ends with more than its largest run takes:

${table(
  ['study', 'runs', 'largest, measured, MiB', 'foreseen, MiB', 'off'],
  studies.map(({ study, runs: count, peakMb, foreseenMb, off }) => [
    study,
    String(count),
    String(peakMb),
    String(foreseenMb),
    `${off >= 0 ? '+' : ''}${percent(off)}`,
  ]),
)}`;
}

/** Committed runs made again. */
function verified({ machine, runs }) {
  const rows = runs.map(({ id, study, verdict, recorded, again, code }) => [
    `\`${id}\``,
    study,
    verdict,
    recorded.toFixed(4),
    again.toFixed(4),
    code === 'same' ? 'this' : 'other',
  ]);
  return `${table(['run', 'study', 'verdict', 'recorded score', 'made again', 'recorded by'], rows)}

Made again at commit ${machine.commit.slice(0, 7)}.`;
}

const parts = {
  measured: ['scaling', 'scaling.json', measured, 'node scripts/scaling.mjs'],
  workers: ['bench', 'workers.json', workers, 'node bench/workers.mjs'],
  listing: ['bench', 'listing.json', listing, 'node bench/listing.mjs'],
  memory: ['scaling', 'memory.json', memory, 'node scripts/memory.mjs'],
  verified: ['scaling', 'verified.json', verified, 'node scripts/verified.mjs'],
};

/** The page as the result files give it. */
export function pageNow() {
  return Object.entries(parts).reduce(
    (text, [name, [folder, file, make, command]]) => {
      const [begin, end] = [`<!-- begin ${name}: made by scripts/scaling.mjs -->`, `<!-- end ${name} -->`];
      const [from, to] = [text.indexOf(begin), text.indexOf(end)];
      if (from < 0 || to < from) throw new Error(`docs/scaling.md lacks the markers of "${name}"`);
      const path = results(folder, file);
      const made = existsSync(path) ? make(read(path)) : `Not measured yet: \`${command}\`.`;
      return `${text.slice(0, from + begin.length)}\n${made}\n${text.slice(to)}`;
    },
    readFileSync(page, 'utf8'),
  );
}

export const isPageCurrent = () => pageNow() === readFileSync(page, 'utf8');

export function writePage() {
  writeFileSync(`${page}.tmp`, pageNow());
  renameSync(`${page}.tmp`, page);
}
