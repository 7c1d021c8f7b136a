import type { Passage } from '../tasks/collections/collection';
import { Adapter } from '../training/adapter';

/** The label of a pair of a question and the passage that answers it. */
export const relevant = 'relevant';

/** Says how likely a passage is to answer a question, reading both together. Owns its model until `dispose()`. */
export class Reranker {
  private readonly adapter: Adapter;

  /** @param folder of an adapter that tells `relevant` pairs from others */
  constructor(folder: string) {
    this.adapter = new Adapter(folder);
  }

  /** From 0 to 1, of each pair. */
  async relevance(pairs: readonly (readonly [question: string, passage: string])[]): Promise<readonly number[]> {
    if (pairs.length === 0) return [];
    const found = await this.adapter.predict(pairs.map(([text, pair]) => ({ text, pair })));
    return found.map((answer) => (answer.kind === 'label' ? (answer.probabilities[relevant] ?? 0) : 0));
  }

  /** Passages with their relevance, the most relevant first, equal ones as they came. */
  async order<P extends Passage>(
    question: string,
    passages: readonly P[],
  ): Promise<readonly (P & { readonly relevance: number })[]> {
    const scores = await this.relevance(passages.map(({ text }) => [question, text] as const));
    return passages
      .map((passage, i) => ({ ...passage, relevance: scores[i] ?? 0 }))
      .sort((a, b) => b.relevance - a.relevance);
  }

  dispose(): void {
    this.adapter.dispose();
  }
}
