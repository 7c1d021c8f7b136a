import { tf } from '../engine/tf';
import { UserError } from '../errors';
import { chatPrompt } from '../model/chat';
import { Generator } from '../model/generation/generate';
import type { GenerationSettings, Search } from '../model/generation/settings';
import { textStream } from '../model/generation/stream';
import type { Model } from '../model/open';
import { openAdapted, rowsOf, type Adapted } from './adapted';
import { generateFromBank } from './generate-bank';
import { demandNone, flag, precisionOf, print, textOf, wholeOf, type Input } from './command';

/** `petl generate`: a model goes on from a prompt, or writes a target for a source. */
export async function generateCommand(input: Input): Promise<number> {
  if (input.values['bank'] !== undefined) return generateFromBank(input);
  if (input.values['task'] !== undefined)
    throw new UserError('--task names an adapter of a bank: give --bank DIR, too');
  const settings = settingsOf(input);
  const given = rowsOf(input, 'input-ids');
  if (given === undefined) textOf(input, 'prompt');
  else demandNone(input, ['prompt', 'chat'], 'with --input-ids, which say all that is read');
  const adapted = await openAdapted(input, precisionOf(input));
  const generator = new Generator(adapted.model.backbone, adapted.adaptation, { precision: precisionOf(input) });
  try {
    const inputs = given ?? [encoded(adapted.model, input)];
    await run(adapted, generator, { inputs, settings, json: flag(input, 'json') });
  } finally {
    generator.dispose();
    adapted.model.backbone.dispose();
    tf.dispose([adapted.head, adapted.adaptation.tensors]);
  }
  return 0;
}

interface Job {
  readonly inputs: readonly ArrayLike<number>[];
  readonly settings: GenerationSettings;
  readonly json: boolean;
}

async function run(
  { model: { tokenizer, special } }: Adapted,
  generator: Generator,
  { inputs, settings, json }: Job,
): Promise<void> {
  const asked = special.rules?.asked ?? [];
  if (asked.length > 0)
    process.stderr.write(
      `note: the model's generation_config.json asks for ${asked.join(', ')}; options decide here\n`,
    );
  const live = !json && inputs.length === 1 && tokenizer !== undefined && settings.search.kind !== 'beam';
  const write = live
    ? textStream(tokenizer, (text) => {
        process.stdout.write(text);
      })
    : undefined;
  const found = await generator.generate(inputs, {
    settings,
    special,
    ...(write && {
      onToken: (_row, token) => {
        write(token);
      },
    }),
  });
  const texts = found.map(({ tokens, score }, i) => ({
    input: Array.from(inputs[i] ?? []),
    tokens,
    text: tokenizer?.decode(tokens) ?? null,
    score,
  }));
  if (json) print(JSON.stringify(texts));
  else if (live) print('');
  else for (const { text, tokens } of texts) print(text ?? tokens.join(' '));
}

function encoded({ name, tokenizer }: Model, input: Input): ArrayLike<number> {
  if (tokenizer === undefined)
    throw new UserError(`model "${name}" has no tokenizer.json: put it beside config.json, or give --input-ids`);
  const prompt = textOf(input, 'prompt');
  return tokenizer.encode({ text: flag(input, 'chat') ? chatPrompt(tokenizer, prompt) : prompt, pair: null }, 1 << 20)
    .ids;
}

function settingsOf(input: Input): GenerationSettings {
  const many = 1_000_000;
  const whole = (name: string, least: number, fallback: number): number =>
    wholeOf(input, name, { least, most: many, fallback });
  return {
    search: searchOf(input),
    maxNewTokens: whole('max-new-tokens', 1, 64),
    minNewTokens: whole('min-new-tokens', 0, 0),
    noRepeatNgram: whole('no-repeat-ngram', 0, 0),
  };
}

const samplingOptions = ['temperature', 'top-k', 'top-p', 'seed'] as const;

function searchOf(input: Input): Search {
  const beams = wholeOf(input, 'beams', { least: 1, most: 1000, fallback: 1 });
  const sampled = samplingOptions.find((name) => input.values[name] !== undefined);
  if (beams > 1 && sampled !== undefined)
    throw new UserError(`--beams ${beams} searches and --${sampled} draws: give one of them`);
  if (beams > 1)
    return { kind: 'beam', beams, lengthPenalty: numberOf(input, 'length-penalty', 1), earlyStopping: false };
  demandNone(input, ['length-penalty'], 'without --beams of at least 2');
  if (sampled === undefined) return { kind: 'greedy' };
  return {
    kind: 'sample',
    temperature: numberOf(input, 'temperature', 1),
    topP: numberOf(input, 'top-p', 1),
    topK: wholeOf(input, 'top-k', { least: 0, most: 1_000_000, fallback: 0 }),
    seed: wholeOf(input, 'seed', { least: 0, most: 2 ** 32 - 1, fallback: 0 }),
  };
}

function numberOf(input: Input, name: string, fallback: number): number {
  const text = textOf(input, name, String(fallback));
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new UserError(`--${name} must be a number, not "${text}"`);
}
