import * as v from 'valibot';
import { readJson, recordOf } from '../../json';
import { join } from 'node:path';
import { projectRoot } from '../../project';

/**
 * Classes of characters as Hugging Face's tokenizers has them (`unicode.json`, made by scripts/fixtures/unicode.py):
 * `letter`, `number` and `space` of its regular expressions, `word`, `white` and `numeric` of Rust, `punctuation`, the
 * marks that accents are (`nonspacing` alone in BERT), what BERT's normalizer removes or sets apart, and what its older
 * normal forms leave whole.
 */
export type ClassName =
  | 'letter'
  | 'number'
  | 'space'
  | 'word'
  | 'numeric'
  | 'white'
  | 'punctuation'
  | 'mark'
  | 'nonspacing'
  | 'removed'
  | 'ideograph'
  | `whole${Form}`;

export type Form = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

let tables: Readonly<Record<string, string>> | undefined;

/** The inside of a character class of a regular expression with the flag u: `\u{61}-\u{7a}...` */
export function classOf(name: ClassName): string {
  tables ??= readJson(
    join(projectRoot(), 'src', 'model', 'tokenization', 'unicode.json'),
    recordOf(v.string()),
    'restore it from git',
  );
  const ranges = tables[name] ?? '';
  return ranges
    .split(' ')
    .filter((range) => range !== '')
    .map((range) =>
      range
        .split('-')
        .map((code) => `\\u{${parseInt(code, 36).toString(16)}}`)
        .join('-'),
    )
    .join('');
}
