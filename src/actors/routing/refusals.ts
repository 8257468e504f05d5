/** A transport that does not send for a sender, however often it is asked: a wrong password, a domain it does not know. */
export interface Refusal {
  /** Domain of the From address. */
  readonly sender: string
  /** What it said, without addresses. */
  readonly cause: string
}

interface Noted extends Refusal {
  /** Of elapsedMs. */
  askAgainAt: number
}

/** How long a transport that refused is left alone, milliseconds: providers lock accounts for wrong passwords. */
const pauseMs = 600_000

/** What one transport refused, by sender domain: one may be set up well for one sender and not for another. */
export class Refusals {
  readonly #noted = new Map<string, Noted>()

  note(sender: string, cause: string, now: number): void {
    this.#noted.set(sender, { sender, cause, askAgainAt: now + pauseMs })
  }

  /** It does send for this sender. */
  forget(sender: string): void {
    this.#noted.delete(sender)
  }

  has(sender: string): boolean {
    return this.#noted.has(sender)
  }

  /** How long until it may be asked again, milliseconds; `undefined` where it did not refuse. */
  waitMs(sender: string, now: number): number | undefined {
    const noted = this.#noted.get(sender)
    return noted === undefined ? undefined : Math.max(0, noted.askAgainAt - now)
  }

  /** Whether the caller's mail is the one that asks again; nobody else does for a while. */
  takeTrial(sender: string, now: number): boolean {
    const noted = this.#noted.get(sender)
    if (noted === undefined || noted.askAgainAt > now) return false
    noted.askAgainAt = now + pauseMs
    return true
  }

  view(): ReadonlyArray<Refusal> {
    return [...this.#noted.values()].map(({ sender, cause }) => ({ sender, cause }))
  }
}
