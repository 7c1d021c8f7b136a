import { UserError } from '../../errors';

/** What an import or export kept. Lossless: the adapted model computes the same on both sides. */
export interface Report {
  readonly lossless: boolean;
  readonly notes: readonly string[];
}

/** Collects a report. */
export class Notes {
  private readonly notes: string[] = [];
  private readonly partial: boolean;
  private kept = true;
  private gaps = 0;

  /** @param partial whether what remains is wanted where a part of the adapter cannot cross */
  constructor(partial: boolean = false) {
    this.partial = partial;
  }

  /** Something worth knowing that changes no output. */
  note(text: string): void {
    this.notes.push(text);
  }

  /** Something beside the adapter that did not cross, such as a head. */
  loss(text: string): void {
    this.kept = false;
    this.notes.push(text);
  }

  /** A part of the adapter that does not cross: without it the outputs are others. @throws UserError unless wanted so */
  gap(text: string): void {
    if (!this.partial)
      throw new UserError(
        `${text}; petl adapter import and export take the rest with --partial, which computes something else`,
      );
    this.gaps++;
    this.loss(text);
  }

  /** Whether all of the adapter crossed so far. */
  whole(): boolean {
    return this.gaps === 0;
  }

  report(): Report {
    return { lossless: this.kept, notes: this.notes };
  }
}

/** Names of what was left over, a few of many. */
export function some(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
}
