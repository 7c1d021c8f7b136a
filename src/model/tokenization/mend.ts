import * as library from '@huggingface/tokenizers';
import { UserError } from '../../errors';
import { charsmapOf } from './charsmap';
import { classOf, type Form } from './classes';
import { guarded } from './guard';
import { mendModel, splitWords, type Model } from './words';

type Normalize = (text: string) => string;
type Given = Readonly<Record<string, unknown>>;

/**
 * Makes the parts of a tokenizer, each by itself, do what Hugging Face's tokenizers does: the library in use takes
 * JavaScript's classes of characters and lower case, which differ (U+0085, digits beyond ASCII, a capital sigma at a
 * word's end, ideographs beyond U+20000). Throws a UserError on settings that the library passes over.
 * @param json what the engine was made of: some parts do not keep their settings
 */
export function mend(engine: library.Tokenizer, json: Given): void {
  const { normalizer, pre_tokenizer: preTokenizer, decoder, model } = engine;
  if (normalizer !== null) mendNormalizer(normalizer);
  if (preTokenizer !== null) mendPreTokenizer(preTokenizer, json['pre_tokenizer']);
  if (decoder !== null) guardDecoder(decoder);
  mendModel(model as unknown as Model);
}

/** The parts of a sequence, which the library's types do not show. */
function innerOf<T>(part: object, inner: string): readonly T[] {
  return (part as Readonly<Record<string, readonly T[]>>)[inner] ?? [];
}

/** Keeps the method of a part whose pattern is the file's own from running without end. */
function guard<Name extends string>(part: object, name: Name): void {
  if (
    (part as { readonly config?: { readonly pattern?: { readonly Regex?: string } } }).config?.pattern?.Regex ===
    undefined
  )
    return;
  const own = (part as Record<Name, (...args: unknown[]) => unknown>)[name].bind(part);
  Object.assign(part, { [name]: (...args: unknown[]) => guarded(() => own(...args)) });
}

function guardDecoder(part: library.Decoder): void {
  for (const inner of innerOf<library.Decoder>(part, 'decoders')) guardDecoder(inner);
  if (part instanceof library.ReplaceDecoder) guard(part, 'decode_chain');
}

function mendNormalizer(part: library.Normalizer): void {
  if (part instanceof library.SequenceNormalizer) {
    for (const inner of innerOf<library.Normalizer>(part, 'normalizers')) mendNormalizer(inner);
    return;
  }
  if (part instanceof library.ReplaceNormalizer) guard(part, 'normalize');
  const normalize = normalizerOf(part);
  if (normalize !== undefined) Object.assign(part, { normalize });
}

function normalizerOf(part: library.Normalizer): Normalize | undefined {
  if (part instanceof library.BertNormalizer) return bertNormalizer(settingsOf(part));
  if (part instanceof library.LowercaseNormalizer) return lowerCase;
  if (part instanceof library.StripAccentsNormalizer) return without('mark');
  if (part instanceof library.NFDNormalizer) return normalForm('NFD');
  if (part instanceof library.NFKCNormalizer) return normalForm('NFKC');
  if (part instanceof library.PrecompiledNormalizer) return charsmapOf(settingsOf(part).precompiled_charsmap);
  if (part instanceof library.NFKDNormalizer) return normalForm('NFKD');
  return undefined;
}

interface Settings {
  readonly clean_text?: boolean;
  readonly handle_chinese_chars?: boolean;
  readonly strip_accents?: boolean | null;
  readonly lowercase?: boolean;
  readonly behavior?: string;
  readonly individual_digits?: boolean;
  readonly precompiled_charsmap?: unknown;
}

function settingsOf(part: object): Settings {
  return (part as { readonly config?: Settings }).config ?? {};
}

/** Each character by itself: no final sigma. */
function lowerCase(text: string): string {
  let lower = '';
  for (const character of text) lower += character.toLowerCase();
  return lower;
}

function without(name: 'mark' | 'nonspacing' | 'removed'): Normalize {
  const pattern = new RegExp(`[${classOf(name)}]`, 'gu');
  return (text) => text.replace(pattern, '');
}

function normalForm(form: Form): Normalize {
  const whole = classOf(`whole${form}`);
  if (whole === '') return (text) => text.normalize(form);
  const pattern = new RegExp(`([${whole}])`, 'u');
  return (text) =>
    text
      .split(pattern)
      .map((piece, i) => (i % 2 === 1 ? piece : piece.normalize(form)))
      .join('');
}

/** normalizers/bert.rs: control characters out, every white space a blank, ideographs apart, accents off, lower case. */
function bertNormalizer(settings: Settings): Normalize {
  const { clean_text: clean = true, handle_chinese_chars: apart = true, lowercase = true } = settings;
  const strip = settings.strip_accents ?? lowercase;
  const [remove, unmark, decompose] = [without('removed'), without('nonspacing'), normalForm('NFD')];
  const [white, ideograph] = [new RegExp(`[${classOf('white')}]`, 'gu'), new RegExp(`[${classOf('ideograph')}]`, 'gu')];
  const steps: readonly Normalize[] = [
    ...(clean ? [remove, (text: string) => text.replace(white, ' ')] : []),
    ...(apart ? [(text: string) => text.replace(ideograph, ' $& ')] : []),
    ...(strip ? [decompose, unmark] : []),
    ...(lowercase ? [lowerCase] : []),
  ];
  return (text) => steps.reduce((done, step) => step(done), text);
}

function mendPreTokenizer(part: library.PreTokenizer, given: unknown): void {
  const json = (given ?? {}) as Given;
  if (part instanceof library.SequencePreTokenizer) {
    const parts = (json['pretokenizers'] ?? []) as readonly unknown[];
    innerOf<library.PreTokenizer>(part, 'tokenizers').forEach((inner, i) => {
      mendPreTokenizer(inner, parts[i]);
    });
    return;
  }
  if (part instanceof library.MetaspacePreTokenizer) splitWords(part, json);
  if (part instanceof library.SplitPreTokenizer) demandBehavior(part, ['isolated', 'removed']);
  if (part instanceof library.PunctuationPreTokenizer) demandBehavior(part, ['isolated']);
  if (part instanceof library.SplitPreTokenizer || part instanceof library.ReplacePreTokenizer)
    guard(part, 'pre_tokenize_text');
  const pattern = patternOf(part);
  if (pattern === undefined) return;
  if (part instanceof library.ByteLevelPreTokenizer) Object.assign(part, { pattern });
  else Object.assign(part, { pre_tokenize_text: (text: string): string[] => text.match(pattern) ?? [] });
}

/** The pieces that a part divides a text into; what lies between them is left out. */
function patternOf(part: library.PreTokenizer): RegExp | undefined {
  const [white, punctuation] = [classOf('white'), classOf('punctuation')];
  if (part instanceof library.ByteLevelPreTokenizer) return byteLevelPattern();
  if (part instanceof library.DigitsPreTokenizer) {
    const numeric = classOf('numeric');
    const many = settingsOf(part).individual_digits === true ? '' : '+';
    return new RegExp(`[^${numeric}]+|[${numeric}]${many}`, 'gu');
  }
  if (part instanceof library.BertPreTokenizer) return new RegExp(`[^${white}${punctuation}]+|[${punctuation}]`, 'gu');
  if (part instanceof library.PunctuationPreTokenizer) return new RegExp(`[^${punctuation}]+|[${punctuation}]`, 'gu');
  if (part instanceof library.WhitespaceSplitPreTokenizer) return new RegExp(`[^${white}]+`, 'gu');
  if (part instanceof library.WhitespacePreTokenizer)
    return new RegExp(`[${classOf('word')}]+|[^${classOf('word')}${classOf('space')}]+`, 'gu');
  return undefined;
}

/** GPT-2's words (pre_tokenizers/byte_level.rs). */
function byteLevelPattern(): RegExp {
  const [letter, number, space] = [classOf('letter'), classOf('number'), classOf('space')];
  return new RegExp(
    `'s|'t|'re|'ve|'m|'ll|'d| ?[${letter}]+| ?[${number}]+| ?[^${space}${letter}${number}]+|[${space}]+(?![^${space}])|[${space}]+`,
    'gu',
  );
}

function demandBehavior(part: library.PreTokenizer, known: readonly string[]): void {
  const behavior = settingsOf(part).behavior ?? 'isolated';
  if (!known.includes(behavior.toLowerCase()))
    throw new UserError(
      `tokenizer.json divides texts with behavior "${behavior}", which is not computed here, only ${known.join(' or ')}: choose another tokenizer`,
    );
}
