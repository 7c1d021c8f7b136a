import * as v from 'valibot';
import { real, whole, type Schema } from '../../json';
import type { Answer } from './process';
import type { Message } from './worker';

/** What a run on the cluster says; at its end also where its files were put. */
export type Far = (Message | Answer) & { readonly place?: string };

/** A line of `scripts/cluster/bridge.py`. */
export type Told =
  | { readonly kind: 'open'; readonly address: string }
  | { readonly kind: 'refused' | 'note'; readonly line: string }
  | { readonly kind: 'slots'; readonly count: number }
  | { readonly kind: 'message'; readonly number: number; readonly message: Far };

const step = { step: whole, seconds: real };
/** A loss that has left the numbers comes as null: JSON has no word for it, and the run's own file tells. */
const lossy = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? NaN),
);
const event = v.variant('kind', [
  v.object({ kind: v.literal('step'), ...step, steps: whole, loss: lossy }),
  v.object({ kind: v.literal('phase'), doing: v.picklist(['scoring', 'writing']), done: whole, of: whole }),
  v.object({ kind: v.literal('evaluation'), ...step, split: v.literal('validation'), loss: lossy, score: lossy }),
]);
const place = { place: v.exactOptional(v.string()) };
const done = { score: v.nullable(v.number()), metric: v.string(), seconds: real, peakMb: v.nullable(v.number()) };
const message: v.GenericSchema<unknown, Far> = v.variant('kind', [
  v.object({ kind: v.literal('started'), code: v.string() }),
  v.object({ kind: v.literal('event'), event }),
  v.object({ kind: v.literal('note'), line: v.string() }),
  v.object({ kind: v.literal('done'), ...done, ...place }),
  v.object({ kind: v.literal('failed'), message: v.string(), user: v.boolean(), ...place }),
  v.object({ kind: v.literal('stopped'), at: v.object({ step: whole, steps: whole }), ...place }),
  v.object({ kind: v.literal('died'), reason: v.string(), started: v.boolean(), ...place }),
]);

/** The lines of the bridge, each held against its form before anything is made of it. */
export const toldSchema: Schema<Told> = v.variant('kind', [
  v.object({ kind: v.literal('open'), address: v.string() }),
  v.object({ kind: v.picklist(['refused', 'note']), line: v.string() }),
  v.object({ kind: v.literal('slots'), count: whole }),
  v.object({ kind: v.literal('message'), number: whole, message }),
]);
