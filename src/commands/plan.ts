import { availableParallelism } from 'node:os';
import { foreseePeaks } from '../experiments/foresight/foresee';
import { demandRoom, demandWithin, memoryOf, roomLine } from '../experiments/runner/memory';
import { atPrecision } from '../experiments/studies/precision';
import { plansOf } from '../experiments/studies/study';
import { tableText } from '../plots/table';
import { plan, planTable } from '../views/foresee';
import { flag, givenOf, precisionOf, print, printJson, wholeOf, type Input } from './command';
import { studyOf } from './study';

/** `petl plan NAME`: what a study would take and show, before anything trains. @throws UserError where it cannot fit */
export function planCommand(input: Input): number {
  const study = atPrecision(studyOf(input), precisionOf(input));
  const most = { least: 1, most: 64, fallback: study.alone ? 1 : Math.min(2, availableParallelism()) };
  const workers = wholeOf(input, 'workers', most);
  const given = givenOf(input, 'memory');
  const limitMb = given === undefined ? undefined : memoryOf(given);
  const foreseen = plan(study);
  const plans = plansOf(study);
  const peakOf = foreseePeaks(plans.map(({ spec }) => spec));
  const runs = plans.map(({ spec, label }) => ({ name: `${label}, seed ${spec.seed}`, peakMb: peakOf(spec) }));
  const freeMb = process.availableMemory() / 2 ** 20;
  if (flag(input, 'json')) printJson({ ...foreseen, workers, freeMb });
  else print(`${tableText(planTable(foreseen))}\n\n${roomLine(runs, Math.min(workers, runs.length), freeMb)}`);
  if (limitMb !== undefined) demandWithin(runs, limitMb);
  demandRoom(runs, workers, freeMb);
  return 0;
}
