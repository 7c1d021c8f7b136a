import { compile } from '../engine/compile';
import { disposeTree } from '../engine/tree';
import { uploadBatch, type Batch } from '../model/batch';
import { encode } from '../model/encoder';
import { plainForward } from '../model/forward';
import { meanPool } from '../model/heads';
import { openModel, type Model } from '../model/open';
import { packSequences } from '../model/packing';
import type { Tokenizer } from '../model/tokenizer';
import { noTokenizer } from '../model/tokenizer-place';

/** The encoder whose states stand for texts. */
export const encoderName = 'minilm-l6';
const SIZE = 64;

/** Texts as unit vectors: the mean of the last hidden states of a frozen encoder. Owns the model until `dispose()`. */
export class Embedder {
  readonly width: number;
  /** Most tokens of a text that its vector is made of, as sentence-transformers has it for this model. */
  readonly longest: number = 256;
  /** Of the frozen weights. */
  readonly hash: string;
  private readonly model: Model & { readonly tokenizer: Tokenizer };
  private readonly program;

  private constructor(model: Model & { readonly tokenizer: Tokenizer }, hash: string) {
    this.model = model;
    this.hash = hash;
    const { backbone } = model;
    this.width = backbone.shape.width;
    this.program = compile((batch: Batch) => ({
      pooled: meanPool(encode(backbone, batch, { ...plainForward, read: 'all' }), batch),
    }));
  }

  static async open(name: string = encoderName): Promise<Embedder> {
    const model = await openModel(name);
    const { tokenizer, backbone } = model;
    if (tokenizer !== undefined) return new Embedder({ ...model, tokenizer }, await backbone.hash());
    backbone.dispose();
    throw noTokenizer(name);
  }

  /** `[texts, width]`, each of length 1. @param done is told how many texts are through */
  embed(texts: readonly string[], done?: (count: number) => void): Float32Array {
    const rows = texts
      .map((text, place) => ({ place, ids: this.model.tokenizer.encode({ text, pair: null }, this.longest).ids }))
      .sort((a, b) => a.ids.length - b.ids.length); // texts of like length together, so that few shapes are compiled
    const vectors = new Float32Array(texts.length * this.width);
    for (let from = 0; from < rows.length; from += SIZE) {
      const own = rows.slice(from, from + SIZE);
      const length = Math.ceil(Math.max(...own.map(({ ids }) => ids.length)) / 16) * 16;
      const size = own.length === 1 ? 1 : SIZE;
      const filled = Array.from({ length: size }, (_, i) => own[i] ?? (own[0] as (typeof own)[number]));
      const batch = uploadBatch(packSequences(filled, { lengths: [length], size: size * length, prompt: 0 }));
      const { pooled } = this.program(batch);
      const values = pooled.dataSync() as Float32Array;
      disposeTree([batch, pooled]);
      own.forEach(({ place }, i) =>
        vectors.set(unit(values.subarray(i * this.width, (i + 1) * this.width)), place * this.width),
      );
      done?.(from + own.length);
    }
    return vectors;
  }

  /** Of a text, those around it included. */
  tokens(text: string): number {
    return this.model.tokenizer.encode({ text, pair: null }, 1 << 20).ids.length;
  }

  /** How many texts are longer than what is read of them. */
  longer(texts: readonly string[]): number {
    const most = this.longest - this.tokens(''); // a character has at most a token
    return texts.filter((text) => text.length > most && this.tokens(text) > this.longest).length;
  }

  dispose(): void {
    this.program.dispose();
    this.model.backbone.dispose();
  }
}

function unit(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const length = Math.sqrt(sum) || 1;
  return vector.map((value) => value / length);
}
