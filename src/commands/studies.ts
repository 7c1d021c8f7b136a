import { recordsOfRuns } from '../experiments/store/rows';
import type { Tier } from '../experiments/store/spec';
import { studies } from '../experiments/studies';
import { minutesOf } from '../experiments/studies/plan';
import { plansOf, tasksOf, type Study } from '../experiments/studies/study';
import { tableText, type Table } from '../plots/table';
import { flag, print, printJson, type Input } from './command';

interface StudyLine {
  readonly name: string;
  readonly title: string;
  readonly rows: readonly string[];
  readonly tasks: readonly string[];
  readonly notebook: string;
  readonly variants: number;
  readonly quick: Progress;
  readonly full: Progress;
}

/** Runs of a tier; minutes are estimated for those that are missing. */
interface Progress {
  readonly runs: number;
  readonly finished: number;
  readonly minutes: number | null;
}

/**
 * `petl studies`: every study with its runs, what is finished and about how long the rest takes. Studies share runs:
 * totals count each once.
 */
export function studiesCommand(input: Input): number {
  const lines = Object.entries(studies).map(([name, make]) => lineOf(name, make));
  if (flag(input, 'json')) printJson(lines);
  else print(tableText(tableOf(lines)));
  return 0;
}

function lineOf(name: string, make: (tier: Tier) => Study): StudyLine {
  const study = make('full');
  const { title, rows, notebook, variants } = study;
  return {
    name,
    title,
    rows,
    tasks: tasksOf(study),
    notebook,
    variants: variants.length,
    quick: progressOf(make('quick')),
    full: progressOf(study),
  };
}

function progressOf(study: Study): Progress {
  const specs = plansOf(study).map(({ spec }) => spec);
  const missing = specs.filter((spec) => recordsOfRuns([spec]).length === 0);
  return {
    runs: specs.length,
    finished: specs.length - missing.length,
    minutes: study.tier === 'quick' ? null : Math.round(missing.reduce((sum, spec) => sum + minutesOf(spec, study), 0)),
  };
}

function tableOf(lines: readonly StudyLine[]): Table {
  const columns = ['study', 'rows', 'tasks', 'variants', 'quick', 'full', 'minutes left'];
  return {
    columns: columns.map((title, c) => ({ title, align: c < 3 ? 'left' : 'right' })),
    rows: lines.map(({ name, rows, tasks, variants, quick, full }) => [
      name,
      rows.join(' '),
      tasks.join(', '),
      String(variants),
      `${quick.finished}/${quick.runs}`,
      `${full.finished}/${full.runs}`,
      String(full.minutes ?? ''),
    ]),
  };
}
