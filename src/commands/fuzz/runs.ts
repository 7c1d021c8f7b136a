import { join } from 'node:path';
import { readRun } from '../../experiments/store/read';
import { projectRoot } from '../../project';
import { baseline, copyOf } from './copies';
import { mutateJson, pick } from './mutate';
import { judged, reading } from './reading';
import type { Target } from './target';

/** A run's file: finished as it was, or damaged with the reason; never believed with other scores. */
export const results: Target = {
  name: 'result files',
  async run(random) {
    const name = pick(random, [
      'point-siteffn-formdiagonal-sentiment-s1-631c8f13.jsonl',
      'point-siteffn-formrelu-r32-initlora-sentiment-s1-62e5bb3e.jsonl',
    ]);
    const copy = copyOf(join(projectRoot(), 'results', 'design-space'));
    const text = new TextDecoder().decode(copy.read(name));
    const lines = text.trimEnd().split('\n');
    const index = random() < 0.5 ? lines.length - 1 : Math.floor(random() * lines.length);
    const edit = mutateJson(lines[index] as string, random);
    const value = `${[...lines.slice(0, index), edit.value, ...lines.slice(index + 1)].join('\n')}\n`;
    const path = join(copy.folder, name);
    const before = await baseline(path, () => Promise.resolve(JSON.stringify(readRun(path))));
    const scored =
      edit.kind === 'value' && index === lines.length - 1 && /^(score|perExample)/.test(edit.path[0] ?? '');
    return copy.with(name, value, async () => {
      const read = await reading(() => {
        const stored = readRun(path);
        if (stored.kind === 'finished' && scored)
          throw new Error('finished, although the score and the per-example list disagree');
        return JSON.stringify(stored);
      });
      return judged(read, edit.what, {
        same: (now) => now === before,
        matters: edit.kind === 'value' && edit.path.length > 0,
      });
    });
  },
};
