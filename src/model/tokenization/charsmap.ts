import { isUtf8 } from 'node:buffer';
import { UserError } from '../../errors';

/**
 * A normalizer that SentencePiece has compiled (T5, XLM-R, mBART, ALBERT): a Darts double array of UTF-8 bytes, whose
 * values say where in the text behind it a replacement starts, up to a 0 (sentencepiece, normalizer.cc). It is applied as
 * Hugging Face's tokenizers does (normalizers/precompiled.rs, spm_precompiled 0.1); SentencePiece
 * itself takes the longest key at each place.
 */
export function charsmapOf(base64: unknown): (text: string) => string {
  if (typeof base64 !== 'string' || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64))
    throw damaged();
  const bytes = Buffer.from(base64, 'base64');
  const size = bytes.length < 8 ? 0 : bytes.readUInt32LE(0);
  if (size === 0 || size % 4 !== 0 || size > bytes.length - 4) throw damaged();
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
  const replacements = bytes.subarray(4 + size);
  if (!isUtf8(replacements)) throw damaged();
  const replaced = (part: string): string | undefined => {
    const at = valueOf(units, Buffer.from(part));
    if (at === undefined) return undefined;
    const end = replacements.indexOf(0, at);
    if (at > replacements.length) throw damaged();
    return replacements.toString('utf8', at, end < 0 ? replacements.length : end);
  };
  return (text) => normalized(text, replaced);
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Short clusters as a whole, the rest by character, as precompiled.rs does. */
function normalized(text: string, replaced: (part: string) => string | undefined): string {
  let done = '';
  for (const { segment } of graphemes.segment(text)) {
    const whole = Buffer.byteLength(segment) < 6 ? replaced(segment) : undefined;
    if (whole !== undefined) done += whole;
    else for (const character of segment) done += replaced(character) ?? character;
  }
  return done;
}

/** The value of the shortest key that the bytes start with. Units: label 8 bits, leaf 1, shift 1, offset 22. */
function valueOf(units: Uint32Array, bytes: Buffer): number | undefined {
  let at = offsetOf(unitAt(units, 0));
  for (const byte of bytes) {
    if (byte === 0) return undefined;
    at ^= byte;
    const unit = units[at];
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
    at ^= offsetOf(unit);
    if ((unit >>> 8) & 1) return unitAt(units, at) & 0x7fffffff;
  }
  return undefined;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

function unitAt(units: Uint32Array, at: number): number {
  const unit = units[at];
  if (unit === undefined) throw damaged();
  return unit;
}

function damaged(): UserError {
  return new UserError(
    'tokenizer.json: precompiled_charsmap is none that SentencePiece writes: copy the file again, or choose another tokenizer',
  );
}
