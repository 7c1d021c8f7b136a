import { duration, seconds } from '../clock';
import { lookAt } from '../packages/content';
import { packageNamed } from '../packages/manifest';
import { UserError } from '../errors';
import { buildIndex } from '../retrieval/build';
import { writeRetrieval } from '../experiments/retrieval-record';
import { defaultTraining } from '../experiments/store/settings';
import { tableText } from '../plots/table';
import { Embedder } from '../retrieval/embed';
import { lexicalVersion } from '../retrieval/lexical';
import { contextRanks, noAnswerOnTest, retrieverRanks } from '../retrieval/score';
import { openIndex } from '../retrieval/store';
import { noAnswerLine, recallTable } from '../views/recall';
import { collectionNamed, collections } from '../tasks/collections/index';
import { fetchPackages } from '../tasks/fetch';
import { flag, print, printJson, type Input } from './command';
import { relativePath } from './paths';

/** `petl index NAME`: brings what a collection is made from, and makes what is missing of its index. */
export async function indexCommand(input: Input): Promise<number> {
  const [name] = input.positionals;
  if (name === undefined) {
    if (flag(input, 'score')) throw new UserError('--score is of one index: petl index COLLECTION --score');
    if (flag(input, 'json'))
      printJson(collections.map(({ name: own, about, packages }) => ({ name: own, about, packages })));
    else print(collections.map(({ name: own, about }) => `${own.padEnd(14)} ${about}`).join('\n'));
    return 0;
  }
  const collection = collectionNamed(name);
  const missing = collection.packages.filter((own) => lookAt(packageNamed(own), 'stamps').kind !== 'complete');
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  if (missing.length > 0) await fetchPackages(missing, { report: say });
  const built = await buildIndex(collection, { say, progress: progressLine(), training: defaultTraining });
  const scored = flag(input, 'score') ? await score(name) : [];
  if (flag(input, 'json')) printJson({ collection: name, ...built, folder: relativePath(built.folder) });
  else
    print(
      [
        `${built.passages} passages (${built.longer} longer than is embedded of one), ${built.questions} questions: ${relativePath(built.folder)}`,
        ...scored,
      ].join('\n'),
    );
  return 0;
}

/** Test questions that retrievers are scored on. */
const SCORED = 1000;

/** Where the right passage stands, kept for tables. */
async function score(collection: string): Promise<readonly string[]> {
  const index = openIndex(collection);
  const embedder = await Embedder.open();
  try {
    const record = {
      ...{ collection, passages: index.passages.length, encoder: embedder.hash, library: lexicalVersion },
      found: retrieverRanks(index, embedder, SCORED),
      packed: contextRanks(collection),
      noAnswer: await noAnswerOnTest(index, embedder),
    };
    const path = relativePath(writeRetrieval(record));
    return [tableText(recallTable(record)), noAnswerLine(record), `  ${path}`];
  } finally {
    embedder.dispose();
  }
}

/** A line every tenth, in a terminal redrawn in place. */
function progressLine(): (what: string, done: number, of: number) => void {
  let [begin, told, before] = [seconds(), -1, ''];
  const { isTTY } = process.stderr;
  return (what, done, of) => {
    if (what !== before) [begin, told, before] = [seconds(), -1, what];
    const part = Math.floor((isTTY ? 100 : 10) * (done / of));
    if (part === told) return;
    told = part;
    const left = ((seconds() - begin) * (of - done)) / Math.max(1, done);
    const line = `  ${done} of ${of} ${what}, about ${duration(left)} left`;
    process.stderr.write(isTTY ? `\r${line.padEnd(78)}${done === of ? '\n' : ''}` : `${line}\n`);
  };
}
