import { UserError } from '../errors';
import { recordsOfRuns, rowsOfStudy } from '../experiments/store/rows';
import type { Study } from '../experiments/studies/study';
import type { Figure } from '../plots/figure';
import { lossCurve as curvesFigure, type Curve, type CurveOptions } from '../plots/loss-curve';
import type { CurvePoint } from '../plots/smooth';
import { scoreTable } from '../plots/score-table';
import type { Table } from '../plots/table';
import { mean } from '../numbers';
import type { RunRow } from '../rows';
import { shownTask } from '../tasks/own/stored';
import { resultTable as studyTable } from './result-table';
import { scoreBy, type ScoreByOptions } from './score-by';

type Rows = readonly RunRow[];

/** Which part of a study with several tasks or models, and where its results lie if not in the usual place. */
export interface PartOfStudy {
  readonly task?: string;
  readonly model?: string;
  readonly results?: string;
}

/**
 * THE figure of a study or of rows, of one task, model and tier: parameters against score.
 * @param options `x` places methods by `trained`, `stored` or `paper` count, or by what varies: `examples`, `rate`, `r`
 */
export function parameterScore(of: Study | Rows, options: ScoreByOptions & PartOfStudy = {}): Figure {
  const { task, model, results, ...drawn } = options;
  const rows = partOf(isRows(of) ? of : rowsOfStudy(of, results), { task, model });
  const title = isRows(of) ? {} : { title: of.title };
  return scoreBy(shown(rows), { ...title, ...drawn });
}

/**
 * Training curves; of a study the mean loss of each variant over its seeds, one line each.
 * @throws UserError where the study has several tasks or models and none is said
 */
export function lossCurve(of: Study | readonly Curve[], options: CurveOptions & PartOfStudy = {}): Figure {
  const { task, model, results, ...drawn } = options;
  if (isCurves(of)) return curvesFigure(of, drawn);
  const runs = of.variants.flatMap((variant) => variant.runs);
  demandOne(runs, { task, model });
  const curves = of.variants.map(({ label, runs: own }): Curve => {
    const records = recordsOfRuns(own.filter(isWanted({ task, model })), results);
    return { label, points: meanCurve(records.map(({ train }) => train)) };
  });
  const first = runs.find(isWanted({ task, model }));
  const words = first === undefined ? '' : `${shownTask(first.task)}, ${first.model}, mean over seeds`;
  return curvesFigure(curves, {
    name: `${of.name}-loss`,
    title: of.title,
    subtitle: words,
    unit: 'training loss, nats',
    ...drawn,
  });
}

/** Scores of a study with its open runs, in its order; of rows, a line a method by trained parameters. */
export function resultTable(of: Study | Rows, results?: string): Table {
  return isRows(of) ? scoreTable(shown(of)) : studyTable(of, results);
}

function isRows(of: Study | Rows): of is Rows {
  return Array.isArray(of);
}

function isCurves(of: Study | readonly Curve[]): of is readonly Curve[] {
  return Array.isArray(of);
}

interface Part {
  readonly task?: string | undefined;
  readonly model?: string | undefined;
}

interface Placed {
  readonly task: string;
  readonly model: string;
}

const isWanted =
  ({ task, model }: Part) =>
  (run: Placed): boolean =>
    (task === undefined || [run.task, shownTask(run.task)].includes(task)) &&
    (model === undefined || run.model === model);

/** The rows of one task and model. */
function partOf(rows: Rows, part: Part): Rows {
  demandOne(rows, part);
  return rows.filter(isWanted(part));
}

function demandOne(runs: readonly Placed[], part: Part): void {
  const wanted = runs.filter(isWanted(part));
  for (const key of ['task', 'model'] as const) {
    const words = [...new Set(runs.map((run) => (key === 'task' ? shownTask(run.task) : run.model)))];
    if (wanted.length === 0 && part[key] !== undefined && !words.includes(part[key]))
      throw new UserError(`there are no runs of ${key} "${part[key]}": choose from ${words.join(', ')}`);
    const left = [...new Set(wanted.map((run) => run[key]))];
    if (left.length > 1)
      throw new UserError(
        `a figure shows one ${key}: say which by { ${key}: '...' }, of ${left.map(shownTask).join(', ')}`,
      );
  }
}

/** Rows as a reader sees them: a task of own data without its hash. */
function shown(rows: Rows): Rows {
  return rows.map((row) => ({ ...row, task: shownTask(row.task) }));
}

/** Mean over seeds at each step that all have. */
function meanCurve(
  runs: readonly (readonly { readonly step: number; readonly loss: number }[])[],
): readonly CurvePoint[] {
  const steps = (runs[0] ?? []).map(({ step }) => step);
  const losses = runs.map((run) => new Map(run.map(({ step, loss }) => [step, loss])));
  return steps.flatMap((step) => {
    const values = losses.flatMap((of) => of.get(step) ?? []);
    return values.length < runs.length ? [] : [{ step, value: mean(values) }];
  });
}
