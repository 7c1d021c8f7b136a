/**
 * Porter's stemmer ("An algorithm for suffix stripping", 1980) with the extensions of NLTK's `PorterStemmer`, which
 * rouge_score uses:
 * irregular forms, "ies" and "ied" of short words, y after consonants only, and a few suffixes. Words are lower case
 * ASCII.
 */
export function porterStem(word: string): string {
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  if (word.length <= 2) return word;
  return [step1a, step1b, step1c, step2, step3, step4, step5a, step5b].reduce((stem, step) => step(stem), word);
}

const IRREGULAR: ReadonlyMap<string, string> = new Map([
  ['sky', 'sky'],
  ['skies', 'sky'],
  ['dying', 'die'],
  ['lying', 'lie'],
  ['tying', 'tie'],
  ['news', 'news'],
  ['innings', 'inning'],
  ['inning', 'inning'],
  ['outings', 'outing'],
  ['outing', 'outing'],
  ['cannings', 'canning'],
  ['canning', 'canning'],
  ['howe', 'howe'],
  ['proceed', 'proceed'],
  ['exceed', 'exceed'],
  ['succeed', 'succeed'],
]);

type Rule = readonly [suffix: string, replacement: string];

/** c for consonants, v for vowels; y is a consonant at the start and after a vowel. */
function shape(word: string): string {
  let flags = '';
  for (let at = 0; at < word.length; at++) {
    const letter = word[at] as string;
    const isVowel = 'aeiou'.includes(letter) || (letter === 'y' && at > 0 && flags[at - 1] === 'c');
    flags += isVowel ? 'v' : 'c';
  }
  return flags;
}

/** m of the paper: how often a vowel is followed by a consonant. */
function measure(stem: string): number {
  return shape(stem).split('vc').length - 1;
}

/** *o of the paper, and vowel-consonant words of two letters. */
function endsShort(word: string): boolean {
  const flags = shape(word);
  return flags === 'vc' || (flags.endsWith('cvc') && !/[wxy]$/.test(word));
}

/** Applies the first rule whose suffix the word has, where the stem allows it. */
function apply(word: string, rules: readonly Rule[], allows: (stem: string, suffix: string) => boolean): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix));
  if (!rule) return word;
  const stem = word.slice(0, word.length - rule[0].length);
  return allows(stem, rule[0]) ? stem + rule[1] : word;
}

function step1a(word: string): string {
  if (word.length === 4 && word.endsWith('ies')) return word.slice(0, -1);
  return apply(
    word,
    [
      ['sses', 'ss'],
      ['ies', 'i'],
      ['ss', 'ss'],
      ['s', ''],
    ],
    () => true,
  );
}

function step1b(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const suffix = ['ed', 'ing'].find(
    (ending) => word.endsWith(ending) && shape(word.slice(0, -ending.length)).includes('v'),
  );
  if (suffix === undefined) return word;
  const stem = word.slice(0, -suffix.length);
  if (/(at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (stem.length >= 2 && stem.at(-1) === stem.at(-2) && shape(stem).endsWith('c'))
    return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
}

function step1c(word: string): string {
  return apply(word, [['y', 'i']], (stem) => stem.length > 1 && shape(stem).endsWith('c'));
}

const STEP2: readonly Rule[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['bli', 'ble'],
  ['alli', 'al'],
  ['entli', 'ent'],
  ['eli', 'e'],
  ['ousli', 'ous'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
  ['fulli', 'ful'],
  ['logi', 'log'],
];

function step2(word: string): string {
  if (word.endsWith('alli') && measure(word.slice(0, -4)) > 0) return step2(word.slice(0, -2));
  return apply(word, STEP2, (stem, suffix) => measure(suffix === 'logi' ? `${stem}l` : stem) > 0);
}

const STEP3: readonly Rule[] = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
];

function step3(word: string): string {
  return apply(word, STEP3, (stem) => measure(stem) > 0);
}

const STEP4: readonly Rule[] = [
  'al',
  'ance',
  'ence',
  'er',
  'ic',
  'able',
  'ible',
  'ant',
  'ement',
  'ment',
  'ent',
  'ion',
  'ou',
  'ism',
  'ate',
  'iti',
  'ous',
  'ive',
  'ize',
].map((suffix) => [suffix, '']);

function step4(word: string): string {
  return apply(word, STEP4, (stem, suffix) => measure(stem) > 1 && (suffix !== 'ion' || /[st]$/.test(stem)));
}

function step5a(word: string): string {
  return apply(word, [['e', '']], (stem) => measure(stem) > 1 || (measure(stem) === 1 && !endsShort(stem)));
}

function step5b(word: string): string {
  return apply(word, [['ll', 'l']], (stem) => measure(`${stem}l`) > 1);
}
