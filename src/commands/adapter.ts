import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { tf } from '../engine/tf';
import { UserError } from '../errors';
import { demandPlace, makeFolder } from '../files';
import { openModel, type Model } from '../model/open';
import { exportForeign, importForeign, isForeign, type Imported, type Report } from '../petl/formats/foreign';
import { apart, same } from '../petl/formats/probe';
import { some } from '../petl/formats/report';
import { loadDelta, saveDelta } from '../petl/bank/store';
import type { ClassificationTask } from '../tasks/classification';
import type { Task } from '../tasks/task';
import { noteFile, readKept } from '../training/kept';
import { kindNamed } from '../training/kinds/index';
import { mergeAdapter } from './adapter-merge';
import { trainAdapter } from './adapter-train';
import { demandTaken, flag, print, printJson, textOf, wordOf, type Input } from './command';

/** The options that each part takes; the others are refused. */
const options = {
  train: ['out', 'json'],
  import: ['out', 'model', 'partial', 'json'],
  export: ['out', 'model', 'to', 'partial', 'json'],
  merge: ['out', 'model', 'partial', 'json'],
} as const;

/**
 * `petl adapter train|import|export|merge`: a delta's folder from a run, between such a folder and one of PEFT or
 * adapters, and a model with a delta in its weights.
 */
export async function adapterCommand(input: Input): Promise<number> {
  const [action, folder] = input.positionals as readonly [string, string];
  if (action !== 'import' && action !== 'export' && action !== 'train' && action !== 'merge')
    throw new UserError(`petl adapter takes train, import, export or merge, not "${action}"`);
  demandTaken(input, `petl adapter ${action}`, { options: options[action] });
  const out = textOf(input, 'out');
  if (existsSync(out)) throw new UserError(`--out ${out} exists: name a new folder`);
  demandPlace(dirname(resolve(out)));
  if (action === 'train') return await trainAdapter(folder, out, flag(input, 'json'));
  const model = await openModel(textOf(input, 'model'));
  const work = { folder, out, model, partial: flag(input, 'partial') };
  try {
    const report =
      action === 'import'
        ? await imported(work)
        : action === 'merge'
          ? await merged(work)
          : await exported(work, wordOf(input, 'to', { words: ['peft', 'adapters'], fallback: 'peft' }));
    if (flag(input, 'json')) printJson({ folder: out, ...report });
    else
      print(
        [`${out}: ${report.lossless ? 'lossless' : 'lossy'}`, ...report.notes.map((note) => `- ${note}`)].join('\n'),
      );
  } finally {
    model.backbone.dispose();
  }
  return 0;
}

interface Work {
  readonly folder: string;
  readonly out: string;
  readonly model: Model;
  /** Whether a part is wanted where not all of an adapter can cross. */
  readonly partial: boolean;
}

/** What is kept is read back and computes the same, or is not kept. */
async function imported({ folder, out, model: { name, backbone }, partial }: Work): Promise<Report> {
  const { delta, head, labels, report } = importForeign(folder, backbone, { partial });
  const base = { name, hash: await backbone.hash() };
  try {
    makeFolder(out, (place) => {
      saveDelta(place, delta, base, head);
      const kept = loadDelta(place, backbone.shape, base);
      const far = apart({ delta, head }, kept, backbone);
      kept.delta.dispose();
      tf.dispose(kept.head);
      if (!(far <= same)) throw new Error(`${out} does not read back as what was written`);
    });
  } finally {
    delta.dispose();
    tf.dispose(head);
  }
  if (labels === undefined) return report;
  const left = `names of labels stay behind, an imported adapter keeps none: ${some(labels)}`;
  return { lossless: false, notes: [...report.notes, left] };
}

async function exported({ folder, out, model, partial }: Work, library: 'peft' | 'adapters'): Promise<Report> {
  const { name, backbone } = model;
  const { delta, head, labels, notes, lossless } = await opened(folder, model, partial);
  try {
    const named = { head, ...(labels && { labels }) };
    const report = exportForeign(out, delta, { library, model: backbone, name, partial, ...named });
    return { lossless: lossless && report.lossless, notes: [...notes, ...report.notes] };
  } finally {
    delta.dispose();
    tf.dispose(head);
  }
}

async function merged({ folder, out, model, partial }: Work): Promise<Report> {
  const adapter = await opened(folder, model, partial);
  try {
    return mergeAdapter(out, model, adapter);
  } finally {
    adapter.delta.dispose();
    tf.dispose(adapter.head);
  }
}

/** A folder of either side: an adapter goes from PEFT to adapters in one step. */
async function opened(
  folder: string,
  { backbone }: Model,
  partial: boolean,
): Promise<Report & Omit<Imported, 'report'>> {
  if (isForeign(folder)) {
    const { report, ...adapter } = importForeign(folder, backbone, { partial });
    return { ...adapter, ...report };
  }
  const task = existsSync(join(folder, noteFile)) ? readKept(folder).task : undefined; // imported ones have none
  const { delta, head } = loadDelta(folder, backbone.shape, { hash: await backbone.hash() });
  if (task === undefined || !kindNamed(task.kind).pointsAtTokens)
    return { delta, head, ...labelsOf(task), lossless: true, notes: [] };
  tf.dispose(head);
  return { delta, head: {}, lossless: false, notes: ['head: it points at tokens and tells no classes: left out'] };
}

/** Names of a task's labels, where it has labels. */
function labelsOf(task: Task | undefined): Pick<Imported, 'labels'> {
  const labels = (task as Partial<ClassificationTask> | undefined)?.labels;
  return labels === undefined ? {} : { labels };
}
