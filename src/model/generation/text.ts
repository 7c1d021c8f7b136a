import { UserError } from '../../errors';
import { chatPrompt } from '../chat';
import type { Model } from '../open';
import { Generator } from './generate';
import { noAdaptation, type Adaptation } from './reader';
import { greedy, type GenerationSettings } from './settings';
import { textStream } from './stream';

export interface WriteOptions {
  readonly settings?: Partial<GenerationSettings>;
  /** The prompt is a user's question, asked in the form that the model was trained to chat in. */
  readonly chat?: boolean;
  /** Takes text as it comes; not in beam search. */
  readonly onText?: (text: string) => void;
}

/**
 * Text in, text out: a language model with its tokenizer, and a method on it. Owns compiled programs until `dispose()`.
 */
export class Writer {
  private readonly model: Model;
  private readonly generator: Generator;

  constructor(model: Model, adaptation: Adaptation = noAdaptation) {
    this.model = model;
    this.generator = new Generator(model.backbone, adaptation);
  }

  /** What the model writes after a prompt (decoder) or for a source text (encoder-decoder), special tokens left out. */
  async write(prompt: string, { settings = {}, chat = false, onText }: WriteOptions = {}): Promise<string> {
    const { name, tokenizer, special } = this.model;
    if (tokenizer === undefined)
      throw new UserError(`model "${name}" has no tokenizer.json: put it beside config.json`);
    const { ids } = tokenizer.encode({ text: chat ? chatPrompt(tokenizer, prompt) : prompt, pair: null }, 1 << 20);
    const stream = onText && textStream(tokenizer, onText);
    const options = {
      settings: { ...greedy, maxNewTokens: 64, ...settings },
      special,
      ...(stream && {
        onToken: (_row: number, token: number) => {
          stream(token);
        },
      }),
    };
    const [found] = await this.generator.generate([ids], options);
    return tokenizer.decode(found?.tokens ?? []);
  }

  dispose(): void {
    this.generator.dispose();
  }
}
