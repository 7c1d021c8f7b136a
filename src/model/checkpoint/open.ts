import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors';
import { isPickle, pickleRefused } from './pickle';
import { recordIn } from './regular';
import { openSafetensors } from './safetensors';
import type { OpenCheckpoint } from './stored';

/** The files that hold a folder's weights: one, or the shards that `model.safetensors.index.json` lists. */
export function weightFiles(folder: string): readonly string[] {
  const single = join(folder, 'model.safetensors');
  if (existsSync(single)) return [single];
  const index = join(folder, 'model.safetensors.index.json');
  if (existsSync(index)) return shards(folder, index);
  const pickle = existsSync(folder) ? readdirSync(folder).find(isPickle) : undefined;
  if (pickle !== undefined) throw pickleRefused(join(folder, pickle));
  throw new UserError(`${folder} has no model.safetensors: give a folder saved by save_pretrained`);
}

function shards(folder: string, index: string): readonly string[] {
  const map = recordIn(index)['weight_map'];
  if (typeof map !== 'object' || map === null) throw new UserError(`${index} has no weight_map: copy it again`);
  const names = [...new Set(Object.values(map as Record<string, string>))];
  const outside = names.find((name) => typeof name !== 'string' || /[/\\]/.test(name));
  if (outside !== undefined)
    throw new UserError(`${index} names "${String(outside)}", which is no file of this folder: copy it again`);
  return names.map((name) => join(folder, name));
}

/** All tensors of a folder's weight files. */
export function openWeights(folder: string): OpenCheckpoint {
  const open: OpenCheckpoint[] = [];
  const close = (): void => {
    for (const file of open) file.close();
  };
  try {
    for (const path of weightFiles(folder)) open.push(openSafetensors(path));
  } catch (error) {
    close();
    throw error;
  }
  return { tensors: open.flatMap((file) => file.tensors), close };
}
