// Makes the pretraining corpus from the pinned packages: .cache/pretraining/corpus.jsonl (train) and kept.jsonl (kept
// aside to measure),
// and beside this file their description (corpus.json) and the hashes that the test of leaks compares.
//   node data/pretraining/corpus.mjs           makes everything
//   node data/pretraining/corpus.mjs --check   makes it in memory and fails where corpus.json or the hashes would
// change
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = resolve(fileURLToPath(import.meta.url), '..');
const root = resolve(here, '..', '..');
const work = join(root, '.cache', 'pretraining');
const require = createRequire(import.meta.url);
const build = require('../../bin/petl.cjs').build();
const { selectCorpus, textsOf, formsOf } = require(join(build, 'tasks', 'pretraining.js'));
const { pretrainingDocuments, pretrainingPackages } = require(join(build, 'tasks', 'pretraining-sources.js'));
const { documentForms, hashesOf, heldOutTasks, heldOutTexts, packHashes, shared } = require(
  join(build, 'tasks', 'pretraining-hashes.js'),
);
const { packageNamed } = require(join(build, 'tasks', 'manifest.js'));
const { readDebianIndex } = require(join(build, 'tasks', 'debian.js'));
const { dataPrint } = require(join(build, 'tasks', 'fingerprint.js'));

function write(path, content) {
  writeFileSync(`${path}.tmp`, content);
  renameSync(`${path}.tmp`, path);
}

function lines(documents) {
  return documents.map((document) => `${JSON.stringify(document)}\n`).join('');
}

/** Documents, texts and words of each source. */
function counted(documents) {
  const rows = {};
  for (const document of documents) {
    const row = (rows[document.source] ??= { kind: document.kind, documents: 0, texts: 0, words: 0 });
    const texts = textsOf(document);
    row.documents += 1;
    row.texts += texts.length;
    row.words += texts.reduce((sum, text) => sum + text.split(/\s+/).length, 0);
  }
  return rows;
}

function sources() {
  const debian = readDebianIndex();
  const packages = pretrainingPackages
    .map((name) => packageNamed(name))
    .map(({ name, version, sha256, licence }) => ({ name, version, sha256, licence }));
  return [
    ...packages,
    {
      name: 'debian-index',
      version: debian.release,
      sha256: debian.sha256,
      licence: "each package's own free licence",
    },
  ];
}

const check = process.argv.includes('--check');
const held = await heldOutTexts();
const { train, kept } = selectCorpus(await pretrainingDocuments(), held);
const [trained, heldOut] = [hashesOf(documentForms(train)), hashesOf(held.flatMap(formsOf))];
const found = shared(trained, heldOut);
if (found > 0) {
  console.error(`${found} texts of the corpus are texts of validation or test examples`);
  process.exit(1);
}
const parts = { train: lines(train), kept: lines(kept) };
const description = {
  about:
    'what petl-mini-seq2seq is pretrained on: training groups of splitOf alone; kept: training groups kept aside to measure',
  packages: sources(),
  train: counted(train),
  kept: counted(kept),
  tasks: await Promise.all(heldOutTasks.map(async (task) => ({ name: task.name, data: dataPrint(await task.load()) }))),
  hashes: { trained: trained.size, heldOut: heldOut.size, shared: found },
  sha256: Object.fromEntries(
    Object.entries(parts).map(([name, text]) => [name, createHash('sha256').update(text).digest('hex')]),
  ),
};
const committed = {
  'corpus.json': Buffer.from(`${JSON.stringify(description, null, 2)}\n`),
  'trained.hashes': packHashes(trained),
  'held-out.hashes': packHashes(heldOut),
};

if (check) {
  const changed = Object.entries(committed)
    .filter(([name, bytes]) => !readFileSync(join(here, name)).equals(bytes))
    .map(([name]) => name);
  console.log(
    changed.length === 0 ? 'corpus.json and the hashes are up to date' : `would change: ${changed.join(', ')}`,
  );
  process.exitCode = changed.length === 0 ? 0 : 1;
} else {
  mkdirSync(work, { recursive: true });
  for (const [name, text] of Object.entries(parts)) write(join(work, `${name}.jsonl`), text);
  for (const [name, bytes] of Object.entries(committed)) write(join(here, name), bytes);
  console.table(description.train);
  console.log(`${trained.size} texts to train on and ${heldOut.size} held-out ones share ${found}`);
}
