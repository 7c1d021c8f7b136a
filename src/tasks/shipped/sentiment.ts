import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { classificationTask, type ClassificationExample, type ClassificationTask } from '../classification';
import { packageFolder } from '../../packages/content';
import { withoutNear } from '../near';
import { splitExamples, type TaskData } from '../task';
import { normalText } from '../text';

/**
 * Snippets whose mean human score is nearer to 0 than this are left out: people did not agree that they lean to one
 * side.
 */
const NEUTRAL = 0.5;

/**
 * Movie-review sentiment, in the role of SST-2: the Rotten Tomatoes snippets scored by 20 people each for VADER
 * (Hutto and Gilbert, ICWSM 2014). They overlap with SST-2's own sentences: never report SST-2 numbers of a model
 * trained on them.
 */
export const sentiment: ClassificationTask = classificationTask({
  name: 'sentiment',
  about: 'movie-review snippets, positive or negative (the role of SST-2)',
  packages: ['vaderSentiment'],
  labels: ['negative', 'positive'],
  print: {
    train: { count: 7185, hash: '6aa0e6f21dd819fd' },
    validation: { count: 955, hash: 'd63631be3241ca09' },
    test: { count: 1900, hash: 'e51d493c2ae77519' },
  },
  load: () => Promise.resolve(sentimentData(readFileSync(snippetsPath(), 'utf8'))),
});

function snippetsPath(): string {
  return join(packageFolder('vaderSentiment'), 'movieReviewSnippets_GroundTruth.txt');
}

/**
 * Examples of `file`, whose lines are `id TAB mean score TAB text`: the label is the sign of the score, |score| > 0.5.
 * Of texts that are
 * equal but for case, space and punctuation the first stays, none where their labels differ; the same normal form
 * decides the split. What is near a text that is scored leaves the training examples.
 */
export function sentimentData(file: string): TaskData<ClassificationExample> {
  const byText = new Map<string, ClassificationExample>();
  const contradicted = new Set<string>();
  for (const example of file.split(/\r?\n/).flatMap(parseLine)) {
    const key = normalText(example.text);
    const earlier = byText.get(key);
    if (!earlier) byText.set(key, example);
    else if (earlier.label !== example.label) contradicted.add(key);
  }
  const kept = [...byText].filter(([key]) => key !== '' && !contradicted.has(key)).map(([, example]) => example);
  return withoutNear(splitExamples('sentiment', kept, (example) => normalText(example.text)));
}

function parseLine(line: string): readonly ClassificationExample[] {
  const [id, score, text] = line.split('\t');
  if (id === undefined || score === undefined || text === undefined) return [];
  const value = Number(score);
  if (!(Math.abs(value) > NEUTRAL)) return [];
  return [{ id, text: text.trim(), pair: null, label: value > 0 ? 1 : 0 }];
}
