// driver.cjs study|fetch|export|kernel FOLDER: the work that is killed, where no command does it at this size.
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { strToU8, zipSync } = require('fflate');
const { build } = require('../../bin/petl.cjs');

const [kind, folder] = process.argv.slice(2);
const home = build();
process.env.PETL_BUILD = home;
const load = (...parts) => require(path.join(home, ...parts));

/** Four small runs of the real model, task and workers. */
function plans() {
  const { runSpec } = load('experiments', 'store', 'spec.js');
  const training = { examples: 32, batch: 8, maxLength: 16, scored: { validation: 8, test: 16 } };
  return [1, 2, 3, 4].map((seed) => ({
    spec: runSpec({ study: 'kills', method: 'bitfit', seed, training }),
    label: 'BitFit',
  }));
}

async function study() {
  const { runPlanned } = load('experiments', 'runner', 'run.js');
  const { progressTable } = load('experiments', 'runner', 'progress.js');
  const { withInterrupt } = load('commands', 'study.js');
  const report = await withInterrupt((signal) =>
    runPlanned(plans(), { workers: 2, engine: 'compiled', progress: progressTable(), results: folder, signal }),
  );
  if (report.failed.length > 0) throw new Error(report.failed[0].message);
  return report.interrupted ? 130 : 0;
}

/** An archive of two files, brought from beside the cache. */
function source() {
  const text = Array.from({ length: 40_000 }, (_, i) => `line ${i}\n`).join('');
  const archive = zipSync(
    { 'kills/a.txt': strToU8(text), 'kills/b.txt': strToU8(text.slice(9)) },
    { mtime: '2020-01-01' },
  );
  const sum = (bytes) => createHash('sha256').update(bytes).digest('hex');
  const { contentHash } = load('packages', 'content.js');
  const content = contentHash({ 'a.txt': { sha256: sum(text) }, 'b.txt': { sha256: sum(text.slice(9)) } });
  const pin = {
    name: 'kills',
    version: '1',
    registry: 'pypi',
    use: 'default',
    file: 'kills.whl',
    licence: '',
    purpose: '',
  };
  return {
    archive,
    source: { ...pin, bytes: archive.length, sha256: sum(archive), root: 'kills', unpack: ['*.txt'], content },
  };
}

async function fetch() {
  const { archive, source: pin } = source();
  const { fetchPackages } = load('tasks', 'fetch.js');
  const download = async (_, to) => {
    for (let at = 0; at < archive.length; at += 1 << 14) {
      fs.appendFileSync(path.join(to, pin.file), archive.subarray(at, at + (1 << 14)));
      await new Promise((next) => setTimeout(next, 20));
    }
    return path.join(to, pin.file);
  };
  await fetchPackages([], { manifest: [pin], cache: folder, download });
  return 0;
}

async function picture() {
  const { exportFigure } = load('plots', 'export.js');
  const { parameterScore } = load('plots', 'parameter-score.js');
  const { demoRows } = load('plots', 'demo.js');
  await exportFigure(parameterScore(demoRows(2), { name: 'kills', title: 'Kills' }), folder);
  return 0;
}

async function kernel() {
  const { startKernel } = await import('../notebook/kernel.mjs');
  const running = await startKernel();
  await running.execute('let n = 0; for (let i = 0; i < 2e6; i++) n += i % 7; console.log(n)');
  await running.stop();
  return 0;
}

/** What of a folder is not as a finished work leaves it: damaged results, an incomplete package. */
function faults() {
  const { readRun } = load('experiments', 'store', 'read.js');
  const { runPath } = load('experiments', 'store', 'spec.js');
  const { lookAt } = load('packages', 'content.js');
  if (kind === 'check-fetch')
    return lookAt(source().source, 'whole', folder).kind === 'damaged' ? ['damaged package'] : [];
  return plans().flatMap(({ spec }) => {
    const stored = readRun(runPath(spec, folder));
    return stored.kind === 'damaged' ? [`${stored.path}: ${stored.reason}`] : [];
  });
}

const works = { study, fetch, export: picture, kernel };

module.exports = { plans };
if (require.main === module) {
  if (kind.startsWith('check-')) process.stdout.write(JSON.stringify(faults()));
  else
    works[kind]().then(
      (code) => process.exit(code),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
}
