import { DEBIAN_INDEX, readDebianIndex } from '../debian';
import type { DebianPackage } from '../debian-lists';
import { splitExamples, type TaskData } from '../task';
import { generationTask, type GenerationExample, type GenerationTask } from '../generation';
import { distinctBy, hasWords, normalText } from '../text';

/** Most examples of each split. */
const SIZES = { train: 20_000, validation: 1000, test: 1000 };

/**
 * Synopsis, in the role of XSum: the one-line synopsis of a Debian package from its long description. A stand-in whose
 * targets are short and
 * close to the source, so that copying scores higher than on news; compare with the rows of `synopsisBaselines`.
 */
export const synopsis: GenerationTask = generationTask({
  name: 'synopsis',
  about: 'Debian package descriptions, one-line synopsis (the role of XSum)',
  packages: [DEBIAN_INDEX],
  languages: null,
  targetTokens: 32,
  load: () => Promise.resolve(synopsisData(readDebianIndex().packages)),
});

/**
 * Packages with a description of at least 25 words and a synopsis of 3 to 14, divided by source package; synopses that
 * occur more than once
 * are dropped, of equal descriptions the first stays. At most 20,000, 1,000 and 1,000 by hash; models read the first 96
 * tokens.
 */
export function synopsisData(packages: readonly DebianPackage[]): TaskData<GenerationExample> {
  const long = packages.filter(
    ({ description, synopsis: line }) => hasWords(description, 25, Infinity) && hasWords(line, 3, 14),
  );
  const times = new Map<string, number>();
  for (const { synopsis: line } of long) times.set(normalText(line), (times.get(normalText(line)) ?? 0) + 1);
  const kept = distinctBy(
    long.filter(({ synopsis: line }) => times.get(normalText(line)) === 1),
    ({ description }) => description,
  );
  const sources = new Map(kept.map(({ name, source }) => [name, source]));
  const examples = kept.map(({ name, description, synopsis: target }) => ({
    id: name,
    text: description.replace(/\n/g, ' '),
    target,
  }));
  const { train, validation, test } = splitExamples(
    'synopsis',
    examples,
    ({ id }) => `source package ${sources.get(id) ?? id}`,
  );
  return {
    train: train.slice(0, SIZES.train),
    validation: validation.slice(0, SIZES.validation),
    test: test.slice(0, SIZES.test),
  };
}
