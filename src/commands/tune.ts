import type { Tunable } from '../experiments/studies/study';
import { tunableNamed } from '../experiments/studies/tunables';
import { joined, untuned, writeTuning } from '../experiments/tuning/table';
import { onlyFamily, tune, type Tuning } from '../experiments/tuning/tune';
import { readTuning, type FamilyTuning } from '../experiments/tuning/tuned';
import { flag, print, textOf, type Input } from './command';
import { relativePath } from './paths';
import { exitCode, optionsOf, sayFailures, withInterrupt } from './study';

/**
 * `petl tune NAME`: tries learning rates for each family that the table lacks, or for the one that is named, and writes
 * its line as soon as it is found.
 */
export async function tuneCommand(input: Input): Promise<number> {
  const tunable = tunableNamed(input.positionals[0] ?? '');
  const wished = textOf(input, 'family', '');
  const asked = onlyFamily(tunable, wished);
  const due = wished !== '' || flag(input, 'again') ? asked.families : untuned(asked, readTuning(tunable.name));
  if (due.length === 0) print(`every family of ${tunable.name} has its rate: --again or --family tries once more`);
  for (const { name } of due) {
    const { table, reports } = await tuned(onlyFamily(tunable, name), input);
    reports.forEach(sayFailures);
    if (table === undefined) return Math.max(...reports.map(exitCode), 1);
    const path = writeTuning(joined(table, readTuning(tunable.name), tunable));
    print(`${table.families.map(lineOf).join('\n')}\n\n  ${relativePath(path)}`);
  }
  return 0;
}

async function tuned(part: Tunable, input: Input): Promise<Tuning> {
  return await withInterrupt((signal) => tune(part, { ...optionsOf(input), signal }));
}

/** `full         10.00001: 4.0  *0.0001: 3.7`, the chosen one marked. */
function lineOf({ family, trials, chosen, method }: FamilyTuning): string {
  const words = trials.map(({ rate, loss, method: tried = method, steps }) => {
    const mark = rate === chosen && tried === method ? '*' : ' ';
    const where = [...(tried === method ? [] : [tried]), ...(steps === undefined ? [] : [`${steps} steps`])];
    const said = where.length === 0 ? '' : ` (${where.join(', ')})`;
    return `${mark}${rate}${said}: ${loss?.toFixed(4) ?? 'diverged'}`;
  });
  return `${family.padEnd(12)} ${words.join('  ')}`;
}
