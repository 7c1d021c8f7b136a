import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../project';
import { noRoom } from './ask';
import { trainedReader } from './reader';

describe('a reader', () => {
  it.each([
    ['bank/sentiment', 'learned "sentiment" and writes no text: give the adapter of a reader'],
    ['voices/dialogue', 'learned "dialogue" and reads the turns of a conversation: give the adapter of a reader'],
    ['voices/english-german', 'learned "english-german" and translates'],
  ])('is none of %s, which is said before a model is opened', async (name, message) => {
    await expect(trainedReader(join(projectRoot(), 'data', name))).rejects.toThrow(message);
  });

  it('says whose limit keeps passages out', () => {
    expect(noRoom(1024, 80)).toContain('the reader takes 80 tokens');
    expect(noRoom(64, 80)).toBe('a window of 64 tokens has no room for a passage: give a larger --window');
  });
});
