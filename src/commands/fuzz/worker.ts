import { createInterface } from 'node:readline';
import { mixSeeds, randomFrom, type Random } from '../../random';
import { print, type Input } from '../command';
import { dropCopies } from './copies';
import { adapters, deltas } from './folders';
import { configs, gguf, safetensors } from './models';
import { results } from './runs';
import { tokenizers } from './tokenizers';
import type { Outcome, Target } from './target';
import { methodStrings, notebookParameters } from './words';

export const targets: readonly Target[] = [
  safetensors,
  gguf,
  configs,
  tokenizers,
  adapters,
  deltas,
  results,
  methodStrings,
  notebookParameters,
];

/** Outcomes worth a line; the rest is counted. */
const bad = ['silent', 'stack'];

/**
 * `petl fuzz-worker`: reads `{ seed, from, to }`, runs those inputs one after another and says before each which it is, so
 * that the parent knows which one hung.
 */
export async function fuzzWorkerCommand(_input: Input): Promise<number> {
  for await (const line of createInterface({ input: process.stdin })) {
    const { seed, from, to, only } = JSON.parse(line) as {
      readonly seed: number;
      readonly from: number;
      readonly to: number;
      readonly only?: string;
    };
    for (let i = from; i < to; i++) {
      const target = targetOf(i, only);
      print(`> ${i} ${target.name}`);
      const outcome = await outcomeOf(target, randomFrom(mixSeeds(seed, i, 77)));
      const rss = process.memoryUsage.rss();
      print(
        JSON.stringify({
          i,
          target: target.name,
          kind: outcome.kind,
          ...((bad.includes(outcome.kind) || to - from === 1) && { detail: outcome.detail }),
          rss,
        }),
      );
    }
    print(JSON.stringify({ done: to }));
  }
  dropCopies();
  return 0;
}

/** A valid input that cannot be read is a fault, too. */
async function outcomeOf(target: Target, random: Random): Promise<Outcome> {
  try {
    return await target.run(random);
  } catch (error) {
    return { kind: 'stack', detail: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function targetOf(i: number, only: string | undefined): Target {
  const chosen = targets.filter(({ name }) => only === undefined || name.startsWith(only));
  return chosen[i % chosen.length] as Target;
}
