import { readSync } from 'node:fs';
import * as v from 'valibot';
import { messageOf, real, whole, type Schema } from '../json';
import { peakMb } from '../peak';
import type { TrainingEvent } from '../training/job';
import { BusyMeter } from './busy';

/** What the benchmark of training a decoder sends first; bench/README.md describes the protocol. */
export interface Setup {
  readonly model: string;
  readonly method: string;
  readonly precision: 'f32' | 'bf16';
  /** Rows of a batch, all of `source` and `target` tokens together. */
  readonly batch: number;
  readonly source: number;
  readonly target: number;
  readonly learningRate: number;
  readonly clipNorm: number;
  readonly epochs: number;
  /** The last `batch` of them are tested with, the others are trained on. */
  readonly examples: readonly { readonly text: string; readonly target: string }[];
  /** Where the run's state is kept, and where the method's tensors are written as they start. */
  readonly checkpoint: string;
  readonly start: string;
}
type Message = { readonly setup: Setup } | { readonly step: number } | { readonly quit: true };

const setup: Schema<Setup> = v.strictObject({
  model: v.string(),
  method: v.string(),
  precision: v.picklist(['f32', 'bf16']),
  batch: whole,
  source: whole,
  target: whole,
  learningRate: real,
  clipNorm: real,
  epochs: whole,
  examples: v.array(v.strictObject({ text: v.string(), target: v.string() })),
  checkpoint: v.string(),
  start: v.string(),
});
const schema: Schema<Message> = v.union([
  v.strictObject({ setup }),
  v.strictObject({ step: whole }),
  v.strictObject({ quit: v.literal(true) }),
]);

/** Lines of standard input, each waited for: a run is held up meanwhile. */
export class Lines {
  private text = '';

  /** The next message, undefined at the end of input. */
  next(): Message | undefined {
    const part = Buffer.alloc(1 << 16);
    while (!this.text.includes('\n')) {
      const size = readSync(0, part);
      if (size === 0) return undefined;
      this.text += part.toString('utf8', 0, size);
    }
    const end = this.text.indexOf('\n');
    const line = this.text.slice(0, end);
    this.text = this.text.slice(end + 1);
    return messageOf(line, schema);
  }
}

/** Holds a run up between the rounds of the benchmark, and meters its steps. */
export class Pace {
  private readonly lines: Lines;
  private left = 0;
  private found = emptyRound();
  private meter = new BusyMeter();

  constructor(lines: Lines) {
    this.lines = lines;
  }

  /** Waits for the next request for steps. */
  wait(): void {
    const message = this.lines.next();
    if (message === undefined || !('step' in message)) throw new Error('asked for something else than steps');
    this.left = message.step;
    this.found = emptyRound();
    this.meter = new BusyMeter();
  }

  after(event: TrainingEvent): undefined {
    if (event.kind !== 'step') return;
    const { found, meter } = this;
    found.ms.push(1000 * meter.wall());
    found.cpuMs.push(1000 * meter.used());
    found.foreignCpu.push(meter.foreign());
    found.losses.push(event.loss);
    this.meter = new BusyMeter();
    if (--this.left > 0 || event.step === event.steps) return;
    this.answer({});
    this.wait();
  }

  answer(more: object): void {
    reply({ ...this.found, ...more, peakMb: peakMb() });
  }
}

interface Round {
  readonly ms: number[];
  readonly cpuMs: number[];
  readonly losses: number[];
  readonly foreignCpu: (number | null)[];
}

function emptyRound(): Round {
  return { ms: [], cpuMs: [], losses: [], foreignCpu: [] };
}

export function reply(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
