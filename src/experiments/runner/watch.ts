import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { unfinished, writeWhole } from '../../files';
import { readText, real, whole, type Schema } from '../../json';
import { locks, processes } from '../../processes';
import { resultsFolder } from '../store/spec';
import { board, type Running, type Snapshot } from './board';
import type { Progress } from './report';

/*
 * A study under way keeps a picture of itself in the folder of results, for who looks from elsewhere: one small file,
 * replaced once a second at most, touched every few, named like what is unfinished, and removed when the study ends.
 */

const from0 = v.pipe(real, v.minValue(0));
const running: Schema<Running> = v.strictObject({
  name: v.string(),
  seconds: from0,
  at: v.nullable(
    v.strictObject({ step: whole, steps: whole, loss: v.nullable(real), left: from0 }),
  ) as unknown as Schema<Running['at']>,
  note: v.string(),
});
const snapshot: Schema<Snapshot> = v.strictObject({
  total: whole,
  reused: whole,
  ended: whole,
  seconds: from0,
  left: v.nullable(real),
  running: v.array(running),
  failed: v.array(v.strictObject({ name: v.string(), reason: v.string() })),
  over: v.boolean(),
});

const suffix = '-watch.json';
let kept = 0;

/** Keeps the picture of a study while it runs. Where it cannot be written, nobody watches. */
export function keepPicture(results: string = resultsFolder()): Progress {
  const path = unfinished(join(results, `${(kept += 1)}${suffix}`));
  if (existsSync(results)) removeDead(results);
  let leave: (() => void) | undefined;
  const show = (picture: Snapshot): void => {
    if (picture.over) leave?.();
    else leave ??= locks().keepTouched(path);
    try {
      if (picture.over) rmSync(path, { force: true });
      else writeWhole(path, JSON.stringify(picture));
    } catch {
      /* the study itself goes on */
    }
  };
  return board({ pause: 1, show, say: (_, picture) => show(picture) });
}

/** Pictures of studies that were killed. */
function removeDead(results: string): void {
  processes().removeLeftovers(results);
  for (const { path, alive } of watched(results)) if (!alive) rmSync(path, { force: true });
}

/** A study that runs now, or one whose process has died. */
export interface Watched {
  readonly path: string;
  readonly picture: Snapshot;
  readonly alive: boolean;
}

/** Every study that works in a folder of results. */
export function watched(results: string = resultsFolder()): readonly Watched[] {
  return namesIn(results)
    .filter((name) => name.startsWith('.tmp-') && name.endsWith(suffix))
    .sort()
    .flatMap((name) => {
      const path = join(results, name);
      const picture = pictureAt(path);
      return picture === undefined ? [] : [{ path, picture, alive: locks().isAlive(path) }];
    });
}

function pictureAt(path: string): Snapshot | undefined {
  try {
    const read = readText(readFileSync(path, 'utf8'), snapshot);
    return read.kind === 'value' ? read.value : undefined;
  } catch {
    return undefined; // it has just ended
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
