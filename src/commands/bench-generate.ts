import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { seconds } from '../clock';
import { messageOf, whole, type Schema } from '../json';
import { backend } from '../engine/backend';
import { compile } from '../engine/compile';
import type { Precision } from '../engine/program';
import { disposeTree } from '../engine/tree';
import { uploadBatch, type Batch } from '../model/batch';
import { chatPrompt } from '../model/chat';
import { decode, vocabularyLogits } from '../model/decoder';
import { plainForward } from '../model/forward';
import { Generator } from '../model/generation/generate';
import { greedy } from '../model/generation/settings';
import { openModel, type Model } from '../model/open';
import { packTogether } from '../model/packing';
import { backbone } from '../model/shapes';
import { peakMb } from '../peak';
import { BusyMeter } from './busy';

/** What the benchmark of generation sends; bench/README.md describes the protocol. */
interface Setup {
  readonly model: string;
  readonly precision: 'f32' | 'bf16';
}
interface Job {
  readonly inputs: readonly (readonly number[])[];
  readonly tokens: number;
  readonly times: number;
}
type Question =
  | { readonly chat: string }
  | { readonly encode: readonly string[] }
  | { readonly logits: readonly number[] }
  | { readonly generate: Job };
type Message = Question | { readonly setup: Setup } | { readonly quit: true };

const ids = v.array(whole);
const schema: Schema<Message> = v.union([
  v.strictObject({ setup: v.looseObject({ model: v.string(), precision: v.picklist(['f32', 'bf16']) }) }),
  v.strictObject({ chat: v.string() }),
  v.strictObject({ encode: v.array(v.string()) }),
  v.strictObject({ logits: ids }),
  v.strictObject({ generate: v.strictObject({ inputs: v.array(ids), tokens: whole, times: whole }) }),
  v.strictObject({ quit: v.literal(true) }),
]);

/** One side of the benchmark: loading a model and writing with it, driven by JSON lines on standard input. */
export async function benchGenerateCommand(): Promise<number> {
  let session: Session | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    const message = messageOf(line, schema);
    if ('quit' in message) break;
    try {
      if ('setup' in message) {
        session = await open(message.setup);
        reply(session.ready);
      } else reply(await answer(session as Session, message));
    } catch (error) {
      reply({ error: (error as Error).message });
    }
  }
  return 0;
}

function reply(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

interface Session {
  readonly model: Model;
  readonly held: Precision;
  readonly generator: Generator;
  readonly ready: object;
}

/** Loads the model; memory is counted from where TensorFlow stands before it. */
async function open({ model: name, precision }: Setup): Promise<Session> {
  const held: Precision = precision === 'bf16' ? 'bfloat16' : 'float32';
  const tensorflow = backend().binding.TF_Version; // loads TensorFlow before anything is measured
  const [peak, resident, start] = [peakMb(), residentMb(), seconds()];
  const model = await openModel(name, held);
  const loadSeconds = seconds() - start;
  const float32Mb = (4 * backbone(model.backbone.shape)) / 2 ** 20;
  const ready = {
    ready: true,
    loadSeconds,
    startMb: resident,
    loadMb: peakMb() - Math.max(peak, resident),
    heldMb: residentMb() - resident,
    float32Mb,
    versions: { tensorflow },
  };
  return { model, held, generator: new Generator(model.backbone, undefined, { precision: held }), ready };
}

async function answer(session: Session, message: Question): Promise<object> {
  const { tokenizer, backbone: frozen } = session.model;
  const encode = (text: string): number[] => Array.from(tokenizer?.encode({ text, pair: null }, 1 << 20).ids ?? []);
  if ('encode' in message) return { ids: message.encode.map(encode) };
  if ('logits' in message) return { logits: lastLogits(frozen, message.logits, session.held) };
  if ('generate' in message) return generate(session, message.generate);
  if (tokenizer === undefined) throw new Error('the model has no tokenizer');
  const ids = encode(chatPrompt(tokenizer, message.chat));
  const [found] = await session.generator.generate([ids], { settings: greedy, special: session.model.special });
  return { ids, tokens: found?.tokens, text: tokenizer.decode(found?.tokens ?? []) };
}

/** Scores of the token after `ids`, without a cache. */
function lastLogits(frozen: Model['backbone'], ids: readonly number[], precision: Precision): readonly number[] {
  const batch = uploadBatch(packTogether([{ ids }]));
  const run = compile(
    (given: Batch) => vocabularyLogits(frozen, decode(frozen, given, { ...plainForward, read: 'last' })),
    'compiled',
    precision,
  );
  const scores = run(batch);
  const logits = Array.from(scores.dataSync());
  run.dispose();
  disposeTree([scores, batch]);
  return logits;
}

/** Greedy texts of exactly `tokens` tokens for all inputs together, `times` over. */
async function generate({ generator, model: { special } }: Session, { inputs, tokens, times }: Job): Promise<object> {
  const found = { ms: [] as number[], foreignCpu: [] as (number | null)[], tokens: [] as (readonly number[])[] };
  for (let i = 0; i < times; i++) {
    const meter = new BusyMeter();
    const texts = await generator.generate(inputs, {
      settings: { ...greedy, maxNewTokens: tokens },
      special: { ...special, end: [] },
    });
    found.ms.push(1000 * meter.wall());
    found.foreignCpu.push(meter.foreign());
    found.tokens = texts.map((text) => text.tokens);
  }
  return { ...found, peakMb: peakMb() };
}

function residentMb(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}
