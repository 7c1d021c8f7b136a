import { hasBiases, type ModelShape } from '../../model/shape';
import { families } from '../../petl/design/written';
import { tinyModel } from '../../petl/testing/fixtures';
import { triesAll } from '../../testing/tier';

/** Every architecture that there is a tiny checkpoint of. */
export const architectures: readonly string[] = [
  'bert',
  'roberta',
  'distilbert',
  'gpt2',
  'llama',
  'bart',
  'mbart',
  't5',
  't5-v1-1',
  'gemma2', // soft caps, a window, norms of what sub-layers put out
  'modernbert', // an encoder with rotary positions, a gated FFN and a window
];
export const encoders: readonly string[] = ['bert', 'roberta', 'distilbert'];
/**
 * One of each kind: an encoder, a decoder, one with rotary positions and grouped heads, and encoder-decoders with
 * learned and relative positions.
 */
export const kinds: readonly string[] = ['bert', 'gpt2', 'llama', 'bart', 't5'];

/** Sizes of the families' examples, cut to what fits tiny models. */
const small: Readonly<Record<string, number>> = { r: 4, l: 3, m: 3, k: 1, n: 2 };
const cut = (written: string): string =>
  written.replace(/\b([rlmkn])=\d+/g, (_, key: string) => `${key}=${small[key] ?? 4}`);

/**
 * What families do besides their example: another value of each of their words that changes what is computed or
 * trained.
 */
const others: readonly string[] = [
  'prefix:l=2,mlp=4',
  'prefix:l=2,gate=none',
  'prefix:l=3,positions=shifted',
  'prompt:l=2,init=vocabulary',
  'prompt:l=2,tokens=5.17',
  'prompt:l=2,positions=shifted',
  'mam:l=2,r=5,mlp=4',
  'pa-ffn:r=5,s=learned',
  'pa-ffn:r=5,s=channel',
  'pa-ffn:r=5,norm=out',
  'pa-ffn:r=5,reads=residual',
  'sa-ffn:r=5,act=tanh,norm=in',
  'mhpa:l=3,query=normed',
  'houlsby:m=3,norms=frozen',
  'ia3:form=adapters',
  'ia3:form=peft-bert',
  'compacter:r=4,n=2,places=ffn',
  'unipelt:l=2,r=2,m=3,gate=token',
  'vera:r=4,projections=stored',
  'dora:r=2,at=k.o.gate',
  'adapterdrop:r=4,first=1,mode=robust',
  'vlm:r=4,rows=3',
  'point:site=attn.heads,form=relu,r=3,heads=each,reads=query,how=gate',
  'point:site=ffn.up,form=identity,r=3,how=multiply',
  'layernorm+lora:r=2+prefix:l=2',
  'twice:r=3,words=kept',
  'prompt:l=2+twice:r=3',
];

/** One written form for each family and each way it differs. */
export const methods: readonly string[] = [...Object.values(families).map(({ example }) => cut(example)), ...others];

/** Those that train something of their own or of the model's. */
export const training: readonly string[] = methods.filter((written) => written !== 'head');

const shapes = new Map<string, ModelShape>();

export function shapeOf(family: string): ModelShape {
  const known = shapes.get(family);
  if (known !== undefined) return known;
  const backbone = tinyModel(family);
  shapes.set(family, backbone.shape);
  backbone.dispose();
  return backbone.shape;
}

/** Whether a method can be on an architecture: models without biases have none to train. */
export function fits(family: string, written: string): boolean {
  return written !== 'bitfit' || hasBiases(shapeOf(family));
}

/** The matrix: architectures with each method that fits them, in short each method on a third of these. */
export function cells(
  families_: readonly string[] = architectures,
  written: readonly string[] = training,
  all: boolean = triesAll || written.length < 20,
): readonly (readonly [family: string, written: string])[] {
  const on = written.map((text, m) => {
    const able = families_.filter((family) => fits(family, text));
    const step = all ? 1 : Math.min(3, able.length);
    return new Set(able.filter((_, f) => (f + m) % step === 0));
  });
  return families_.flatMap((family) =>
    written.filter((_, m) => on[m]?.has(family)).map((text) => [family, text] as const),
  );
}
