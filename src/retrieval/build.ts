import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { duration, seconds } from '../clock';
import { demandWritable } from '../files';
import { locks } from '../processes';
import type { Collection } from '../tasks/collections/collection';
import { indexFolder, keptPart, writePart, type Origin, type Part } from '../tasks/collections/part';
import type { TrainingSettings } from '../training/job';
import { isWhole, judgedOf, trainedReranker } from './build-reranker';
import { chosenQuestions, type Chosen } from './chosen';
import { contextsOf } from './contexts';
import { Embedder, encoderName } from './embed';
import { embedAll } from './embed-all';
import { buildLexical, lexicalVersion } from './lexical';
import { leastRelevance, noAnswerPart } from './no-answer';
import { Reranker } from './rerank';
import { rerankerFolder, rerankingOf } from './reranking';
import { openIndex, type Index } from './store';
import { rerankerVersion } from './train-reranker';

export interface BuildOptions {
  /** Settings of a training run that the re-ranker changes some of. */
  readonly training: TrainingSettings;
  /** Takes a line for each part. */
  readonly say: (line: string) => void;
  /** Takes the progress of a part that takes long. */
  readonly progress: (what: string, done: number, of: number) => void;
}

/** What `petl index` made or found. */
export interface Built {
  readonly folder: string;
  readonly passages: number;
  /** Passages that are embedded by their beginning, being longer than the encoder reads. */
  readonly longer: number;
  readonly questions: number;
  readonly parts: readonly BuiltPart[];
}

interface BuiltPart {
  readonly name: string;
  readonly made: boolean;
  readonly seconds: number;
  readonly bytes: number;
}

/**
 * Makes what is missing of a collection's index: passages, questions, a lexical and a dense index, a re-ranker, and the
 * passages of the questions that readers learn from and are scored on. Each part is a file that appears whole; one that
 * is there, undamaged and made from the same things is kept. Vectors are kept as they come, so that a killed build goes
 * on from there.
 */
export async function buildIndex(collection: Collection, options: BuildOptions): Promise<Built> {
  const folder = indexFolder(collection.name);
  demandWritable(folder);
  const waiting = (): void => options.say('another process makes this index: waiting for it');
  const free = await locks().lock(join(folder, '.lock'), waiting);
  try {
    return await makeParts(collection, folder, options);
  } finally {
    free();
  }
}

async function makeParts(
  { name, load }: Collection,
  folder: string,
  { say, ...options }: BuildOptions,
): Promise<Built> {
  const { part, parts } = partsIn(folder, say);
  const { passages, questions } = await load();
  const [texts, asked] = [passages, questions].map((value) => Buffer.from(JSON.stringify(value))) as [Buffer, Buffer];
  const { hash } = await part('passages', { collection: name, hash: sha256(texts) }, () => texts);
  const known = await part('questions', { passages: hash, hash: sha256(asked) }, () => asked);
  await part('lexical', { passages: hash, library: lexicalVersion }, () =>
    Buffer.from(buildLexical(passages).written()),
  );
  const embedder = await Embedder.open();
  try {
    const origin = { passages: hash, model: encoderName, encoder: embedder.hash };
    const chunks = {
      folder: join(folder, '.parts'),
      passages: hash,
      progress: over(options.progress, 'passages embedded'),
    };
    await part('dense', origin, () => embedAll(embedder, passages, chunks));
    rmSync(chunks.folder, { recursive: true, force: true });
    const index = openIndex(name);
    const made = { ...origin, ...index.origin, questions: known.hash, recipe: rerankerVersion };
    await rerankerAndContexts({ ...options, index, folder, part, embedder }, made, chosenQuestions(questions));
    const longer = embedder.longer(passages.map(({ text }) => text));
    return { folder, passages: passages.length, longer, questions: questions.length, parts };
  } finally {
    embedder.dispose();
  }
}

interface Making extends Pick<BuildOptions, 'training' | 'progress'> {
  readonly index: Index;
  readonly folder: string;
  readonly part: MakePart;
  readonly embedder: Embedder;
}

async function rerankerAndContexts(making: Making, origin: Origin, chosen: Chosen): Promise<void> {
  const { index, folder, part, progress, embedder } = making;
  const kept = rerankerFolder(index.collection);
  if (!isWhole(index, origin)) rmSync(join(folder, 'reranking'), { force: true });
  const { hash } = await part('reranking', origin, async () =>
    Buffer.from(
      JSON.stringify(
        await trainedReranker({ ...making, progress: over(progress, 'steps of the re-ranker') }, chosen.reranker),
      ),
    ),
  );
  const validation = chosen.reranker.filter(({ split }) => split === 'validation');
  await part(noAnswerPart, { ...origin, reranking: hash }, async () =>
    Buffer.from(JSON.stringify(leastRelevance(await judgedOf(making, validation)))),
  );
  await part('contexts', { ...origin, reranking: hash }, async () => {
    const { weight } = rerankingOf(index.collection, origin);
    const reranker = new Reranker(kept, weight);
    try {
      const tools = { embedder, reranker, weight };
      const contexts = await contextsOf(index, tools, chosen.contexts, over(progress, 'questions re-ranked'));
      return Buffer.from(JSON.stringify(contexts));
    } finally {
      reranker.dispose();
    }
  });
}

type MakePart = (name: string, from: Origin, make: () => Promise<Uint8Array> | Uint8Array) => Promise<Part>;

/** Makes parts, or finds them made, and keeps what was done. */
function partsIn(
  folder: string,
  say: (line: string) => void,
): { readonly part: MakePart; readonly parts: BuiltPart[] } {
  const parts: BuiltPart[] = [];
  const part: MakePart = async (name, from, make) => {
    const begin = seconds();
    const path = join(folder, name);
    const kept = keptPart(path, from);
    const own = kept ?? writePart(path, from, await make());
    const one = { name, made: kept === undefined, seconds: seconds() - begin, bytes: own.body.length };
    parts.push(one);
    const how = one.made ? `made in ${duration(one.seconds)}` : 'is there';
    say(`${name.padEnd(10)} ${how}, ${(one.bytes / 1e6).toFixed(1)} MB`);
    return own;
  };
  return { part, parts };
}

const over =
  (progress: BuildOptions['progress'], what: string) =>
  (done: number, of: number): void =>
    progress(what, done, of);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
