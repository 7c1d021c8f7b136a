import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOf } from '../fixtures/tiny';
import { openModel } from '../open';
import { textStream } from './stream';
import { Writer } from './text';

describe('text', () => {
  it('streams what it returns', async () => {
    const model = await openModel(join(folderOf('gguf'), 'tiny.gguf'));
    const writer = new Writer(model);
    let streamed = '';
    const settings = {
      maxNewTokens: 10,
      search: { kind: 'sample', temperature: 2, topK: 0, topP: 1, seed: 4 },
    } as const;
    const text = await writer.write('a cat', {
      settings,
      onText: (part) => {
        streamed += part;
      },
    });
    expect(text.length).toBeGreaterThan(3);
    expect(streamed).toBe(text);
    expect(await writer.write('a cat', { settings })).toBe(text);
    await expect(writer.write('x', { chat: true })).rejects.toThrow(/no <\|im_start\|> token/);
    writer.dispose();
    model.backbone.dispose();
  });

  it('refuses a model without tokenizer', async () => {
    const model = await openModel(folderOf('gpt2'));
    await expect(new Writer(model).write('x')).rejects.toThrow(/has no tokenizer\.json/);
    model.backbone.dispose();
  });

  it('holds back half a character', () => {
    const parts: string[] = [];
    const bytes: Readonly<Record<number, number[]>> = { 0: [0x61], 1: [0xc8], 2: [0x9b] };
    const push = textStream(
      { decode: (ids) => Buffer.from(Array.from(ids).flatMap((id) => bytes[id] ?? [])).toString('utf8') },
      (text) => {
        parts.push(text);
      },
    );
    for (const token of [0, 1, 2]) push(token);
    expect(parts).toEqual(['a', 'ț']);
  });
});
