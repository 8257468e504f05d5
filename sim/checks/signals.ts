import type { ExecutionRow } from "../../src/sdk/index.ts"

/** Something that the user told about a lead. */
export interface ToldSignal {
  readonly id: string
  readonly lead: string
  readonly event: string
  /** Epoch ms. */
  readonly at: number
}

interface Told extends ToldSignal {
  /** Milliseconds of true time since the start; absent until it was answered. */
  ackedAt?: number
}

/** Since when events count for a mail. */
export const heedsSince = (row: ExecutionRow): number => row.context.enrolledAt ?? row.createdAt

/** What the user told about leads, and what was answered. */
export class Signals {
  readonly #told = new Map<string, Told>()

  /** It is asked for, perhaps again. */
  tell(signal: ToldSignal): void {
    if (!this.#told.has(signal.id)) this.#told.set(signal.id, signal)
  }

  ack(id: string, now: number): void {
    const told = this.#told.get(id)
    if (told !== undefined) told.ackedAt ??= now
  }

  /** All that was told of this kind, answered or not. */
  told(lead: string, event: string): ReadonlyArray<Told> {
    return [...this.#told.values()].filter((signal) => signal.lead === lead && signal.event === event)
  }

  /** Whether it was answered that this happened to the mail's lead since its enrollment. */
  isKnown(row: ExecutionRow, event: string): boolean {
    return this.told(row.leadId, event).some(({ at, ackedAt }) => ackedAt !== undefined && at >= heedsSince(row))
  }
}
