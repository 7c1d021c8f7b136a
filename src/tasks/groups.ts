/*
 * What `splitOf` is asked for the texts of a source that tasks and pretraining share: both must use one key, so that no
 * text which is held out here is trained on there. Chapters of the Bible: `chapterKey` in verses.ts.
 */

/** Of a news article, by its class and file. */
export function articleKey(topic: string, file: string): string {
  return `article ${topic}/${file}`;
}

/** Of a conversation. */
export function conversationKey(id: string): string {
  return `conversation ${id}`;
}

/** Of the utterances of a dialogue act with these slots. */
export function actKey(act: string, slots: string): string {
  return `act ${act} ${slots}`;
}

/** Of a component's interface strings. */
export function componentKey(component: string): string {
  return `component ${component}`;
}
