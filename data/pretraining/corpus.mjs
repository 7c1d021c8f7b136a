// Makes the corpus of recipes from the pinned packages: .cache/pretraining/NAME/train.jsonl and kept.jsonl (kept aside
// to measure), and in the folder NAME beside this file their description (corpus.json) and the hashes that the test of
// leaks compares.
//   node data/pretraining/corpus.mjs [NAME ...]            makes them; no name: every recipe's
//   node data/pretraining/corpus.mjs --check [NAME ...]    makes them in memory and fails where a committed file would
//                                                          change
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = resolve(fileURLToPath(import.meta.url), '..');
const require = createRequire(import.meta.url);
const build = require('../../bin/petl.cjs').build();
const of = (...path) => require(join(build, 'tasks', ...path));
const { textsOf, formsOf } = of('pretraining', 'documents.js');
const { corpusOf, recipeNamed, recipeNames, sourcesOf, tasksOf } = of('pretraining', 'recipe.js');
const { documentForms, hashesOf, heldOutTexts, packHashes, readHashes, shared } = of('pretraining', 'hashes.js');
const { provenanceOf } = of('pretraining', 'sources', 'index.js');
const { dataPrint } = of('fingerprint.js');

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

/** The hashes of a corpus within another one are among that one's, and not written twice. */
function hashesFor(recipe, train, held) {
  const [trained, heldOut] = [hashesOf(documentForms(train)), hashesOf(held.flatMap(formsOf))];
  const found = shared(trained, heldOut);
  if (found > 0) throw new Error(`${found} texts of ${recipe.name} are texts of validation or test examples`);
  const counts = { trained: trained.size, heldOut: heldOut.size, shared: found };
  if (recipe.within === undefined)
    return { counts, files: { 'trained.hashes': packHashes(trained), 'held-out.hashes': packHashes(heldOut) } };
  if (shared(trained, readHashes(join(here, recipe.within, 'trained.hashes'))) < trained.size)
    throw new Error(`${recipe.name} has texts that ${recipe.within} has not`);
  return { counts: { ...counts, within: recipe.within }, files: {} };
}

async function made(recipe) {
  const { train, kept } = await corpusOf(recipe);
  const tasks = tasksOf(recipe);
  const { counts, files } = hashesFor(recipe, train, await heldOutTexts(tasks));
  const parts = { train: lines(train), kept: lines(kept) };
  const description = {
    about: `what ${recipe.name} is pretrained on: training groups of splitOf alone; kept: training groups kept aside to measure`,
    packages: provenanceOf(sourcesOf(recipe)),
    train: counted(train),
    kept: counted(kept),
    tasks: await Promise.all(tasks.map(async (task) => ({ name: task.name, data: dataPrint(await task.load()) }))),
    hashes: counts,
    sha256: Object.fromEntries(
      Object.entries(parts).map(([name, text]) => [name, createHash('sha256').update(text).digest('hex')]),
    ),
  };
  const committed = { 'corpus.json': Buffer.from(`${JSON.stringify(description, null, 2)}\n`), ...files };
  return { parts, committed, description };
}

function compare(name, committed) {
  const changed = Object.entries(committed)
    .filter(([file, bytes]) => !readFileSync(join(here, name, file)).equals(bytes))
    .map(([file]) => file);
  console.log(`${name}: ${changed.length === 0 ? 'up to date' : `would change: ${changed.join(', ')}`}`);
  if (changed.length > 0) process.exitCode = 1;
}

function keep(name, { parts, committed, description }) {
  const work = join(here, '..', '..', '.cache', 'pretraining', name);
  for (const folder of [work, join(here, name)]) mkdirSync(folder, { recursive: true });
  for (const [part, text] of Object.entries(parts)) write(join(work, `${part}.jsonl`), text);
  for (const [file, bytes] of Object.entries(committed)) write(join(here, name, file), bytes);
  console.table(description.train);
  const { trained, heldOut, shared: found } = description.hashes;
  console.log(`${name}: ${trained} texts to train on and ${heldOut} held-out ones share ${found}`);
}

const named = process.argv.slice(2).filter((word) => word !== '--check');
for (const name of named.length > 0 ? named : recipeNames()) {
  const corpus = await made(recipeNamed(name));
  if (process.argv.includes('--check')) compare(name, corpus.committed);
  else keep(name, corpus);
}
