import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordIn } from '../model/checkpoint/regular';
import { download } from '../model/hub';
import { openModel } from '../model/open';
import type { Table } from '../plots/table';
import { refusalOf } from './refusal';

/**
 * Spoils copies of a model in a temporary folder, one fault each, tries to open them and gives the messages.
 * @param folder a model with config.json and model.safetensors @param gguf a GGUF file
 */
export async function refusedModels(folder: string, gguf: string): Promise<Table> {
  const place = mkdtempSync(join(tmpdir(), 'petl-refused-'));
  const rows: string[][] = [];
  try {
    for (const { what, make } of faults(folder, gguf)) {
      const home = join(place, 'my-model');
      mkdirSync(home);
      const message = await refusalOf(() => make(home));
      rows.push([what, message.replaceAll(place, '').replaceAll('/my-model', 'my-model')]);
      rmSync(home, { recursive: true });
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  return {
    columns: [
      { title: 'what is wrong', align: 'left' },
      { title: 'what it says', align: 'left' },
    ],
    rows,
  };
}

interface Fault {
  readonly what: string;
  readonly make: (home: string) => Promise<unknown>;
}

function faults(folder: string, gguf: string): readonly Fault[] {
  const copy = (home: string, ...names: readonly string[]): void => {
    for (const name of names) copyFileSync(join(folder, name), join(home, name));
  };
  const configured = (home: string, change: object): void => {
    writeFileSync(join(home, 'config.json'), JSON.stringify({ ...recordIn(join(folder, 'config.json')), ...change }));
  };
  return [
    { what: 'a misspelt name', make: () => openModel('minilm-16') },
    { what: 'a folder without config.json', make: (home) => openModel(home) },
    {
      what: 'an architecture that is not known',
      make: (home) => {
        configured(home, { model_type: 'mamba' });
        return openModel(home);
      },
    },
    {
      what: 'a pickle for weights',
      make: (home) => {
        copy(home, 'config.json');
        writeFileSync(join(home, 'pytorch_model.bin'), '');
        return openModel(home);
      },
    },
    {
      what: 'weights that are cut off',
      make: (home) => {
        copy(home, 'config.json', 'model.safetensors');
        truncateSync(join(home, 'model.safetensors'), 40_000);
        return openModel(home);
      },
    },
    {
      what: 'config and weights of two models',
      make: (home) => {
        copy(home, 'model.safetensors');
        configured(home, { vocab_size: 50257 });
        return openModel(home);
      },
    },
    {
      what: 'a GGUF file that is cut off',
      make: (home) => {
        const path = join(home, 'model.gguf');
        copyFileSync(gguf, path);
        truncateSync(path, 20_000);
        return openModel(path);
      },
    },
    {
      what: 'a hub model, and no network',
      make: (home) => download('hub:facebook/bart-large', { offline: true, cache: home }),
    },
    { what: 'half a hub address', make: () => openModel('hub:bart-large') },
  ];
}
