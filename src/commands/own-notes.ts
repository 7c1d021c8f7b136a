import type { Study } from '../experiments/studies/study';
import { shapeIfKnown } from '../experiments/store/counts';
import { openTokenizer } from '../model/open';
import { cutsOf, cutWords, type Cut } from '../tasks/cuts';
import { taskNamed } from '../tasks/registry';
import type { Task } from '../tasks/task';
import { take } from '../training/data';
import { noTokenizer } from '../model/tokenizer-place';

/** How more of such texts is read. */
const remedies: { readonly [W in Cut['what']]: (longest: number) => string } = {
  text: (longest) => `--max-length ${longest} reads them whole`,
  target: (longest) => `--target-length ${longest} keeps them whole`,
  question: () => 'shorten them, or give a larger --max-length',
};

/** Says on standard error how many texts of a study are read to their first tokens only. */
export async function sayCuts(study: Study): Promise<readonly Cut[]> {
  const spec = study.variants[0]?.runs[0];
  if (spec === undefined) return [];
  const { model, training } = spec;
  const tokenizer = await openTokenizer(model);
  if (tokenizer === undefined) throw noTokenizer(model);
  const task = taskNamed(spec.task);
  const { train, validation, test } = await task.load();
  const { examples, scored, maxLength, target } = training;
  const read = [...take(train, examples), ...take(validation, scored.validation), ...take(test, scored.test)];
  const oneText = (shapeIfKnown(model)?.encoderLayers ?? 0) === 0; // a model whose shape is told later is a decoder
  const cuts = cutsOf(task, read, { tokenizer, maxLength, target: target?.maxLength ?? null, oneText });
  for (const cut of cuts) console.error(`petl: ${cutWords(cut)}: ${remedies[cut.what](cut.longest)}`);
  return cuts;
}

/** Says on standard error that a score is partly one of memory: how many test texts are also trained on. */
export function sayLeaked({ own }: Task): number {
  if (own === null || own.leaked === 0) return 0;
  const [count, of] = [own.leaked, own.data.test.length];
  console.error(
    `petl: ${count} of ${of} test texts ${count === 1 ? 'is' : 'are'} also trained on, but for case, space and punctuation: take one of each two out, or leave --group out`,
  );
  return count;
}
