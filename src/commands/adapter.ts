import { existsSync } from 'node:fs';
import { tf, type Tensors } from '../engine/tf';
import { UserError } from '../errors';
import { openModel, type Model } from '../model/open';
import type { Delta } from '../petl/bank/delta';
import { exportForeign, importForeign, isForeign, type Report } from '../petl/formats/foreign';
import { loadDelta, saveDelta } from '../petl/bank/store';
import { trainAdapter } from './adapter-train';
import { flag, print, printJson, textOf, wordOf, type Input } from './command';

/**
 * `petl adapter train|import|export`: a delta's folder from a run, and between such a folder and one of PEFT or
 * adapters.
 */
export async function adapterCommand(input: Input): Promise<number> {
  const [action, folder] = input.positionals as readonly [string, string];
  if (action !== 'import' && action !== 'export' && action !== 'train')
    throw new UserError(`petl adapter takes train, import or export, not "${action}"`);
  const out = textOf(input, 'out');
  if (existsSync(out)) throw new UserError(`--out ${out} exists: name a new folder`);
  if (action === 'train') return await trainAdapter(folder, out, flag(input, 'json'));
  const model = await openModel(textOf(input, 'model'));
  try {
    const report =
      action === 'import'
        ? await imported(folder, out, model)
        : await exported(
            { folder, out, model },
            wordOf(input, 'to', { words: ['peft', 'adapters'], fallback: 'peft' }),
          );
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

async function imported(folder: string, out: string, { name, backbone }: Model): Promise<Report> {
  const { delta, head, report } = importForeign(folder, backbone);
  saveDelta(out, delta, { name, hash: await backbone.hash() }, head);
  delta.dispose();
  tf.dispose(head);
  return report;
}

interface Exporting {
  readonly folder: string;
  readonly out: string;
  readonly model: Model;
}

async function exported({ folder, out, model }: Exporting, library: 'peft' | 'adapters'): Promise<Report> {
  const { name, backbone } = model;
  const { delta, head, notes, lossless } = await opened(folder, model);
  const report = exportForeign(out, delta, { library, model: backbone, name, head });
  delta.dispose();
  tf.dispose(head);
  return { lossless: lossless && report.lossless, notes: [...notes, ...report.notes] };
}

/** A folder of either side: an adapter goes from PEFT to adapters in one step. */
async function opened(
  folder: string,
  { backbone }: Model,
): Promise<Report & { readonly delta: Delta; readonly head: Tensors }> {
  if (isForeign(folder)) {
    const { delta, head, report } = importForeign(folder, backbone);
    return { delta, head, ...report };
  }
  const { delta, head } = loadDelta(folder, backbone.shape, { hash: await backbone.hash() });
  return { delta, head, lossless: true, notes: [] };
}
