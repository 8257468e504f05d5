import type { Fate } from "./fate.ts"

/** One mail that the inbox kept. */
export interface Copy {
  readonly messageId: string
  /** From the envelope, normalised like a lead's address. */
  readonly recipient: string
  /** What is wrong with the mail; empty for a good one, undefined for one that was not opened. */
  readonly faults: ReadonlyArray<string> | undefined
}

/** The inbox's own books, kept without a look at what the sender believes. */
export class Ledger {
  readonly copies: Array<Copy> = []
  readonly #fates = new Map<Fate, number>()
  readonly #cut = new Map<string, number>()
  readonly #tries = new Map<string, number>()

  /** Ordinal of this try for the recipient, counted from 1. */
  nextTry(recipient: string): number {
    const ordinal = this.triesFor(recipient) + 1
    this.#tries.set(recipient, ordinal)
    return ordinal
  }

  triesFor(recipient: string): number {
    return this.#tries.get(recipient) ?? 0
  }

  note(fate: Fate): void {
    this.#fates.set(fate, this.times(fate) + 1)
  }

  times(fate: Fate): number {
    return this.#fates.get(fate) ?? 0
  }

  /** The connection was cut after the dot of this mail: its sender cannot know what became of it. */
  noteCut(messageId: string): void {
    this.#cut.set(messageId, this.cutsOf(messageId) + 1)
  }

  cutsOf(messageId: string): number {
    return this.#cut.get(messageId) ?? 0
  }

  copiesOf(messageId: string): ReadonlyArray<Copy> {
    return this.copies.filter((copy) => copy.messageId === messageId)
  }
}
