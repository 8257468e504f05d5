import { intervalAt } from "../../sdk/index.ts"
import type { Stretch } from "./bucket.ts"
import { type BucketState, newBucketState } from "./bucket-state.ts"
import { type Pace, rateOf, slower } from "./pace.ts"

/** A recipient domain that is sent less than usual. */
export interface PaceView {
  readonly domain: string
  /** Starts per second now. */
  readonly perSecond: number
  /** And once it has recovered. */
  readonly fullPerSecond: number
  /** What the domain said, without addresses. */
  readonly cause: string
}

/** How long starts are remembered, milliseconds. */
const windowMs = 10_000

interface Starts {
  since: number
  count: number
  /** Starts of the window before. */
  before: number
}

interface Slowed {
  pace: Pace
  readonly bucket: BucketState
}

/** The recipient domains that asked for less mail: each is a bucket of this process, that nobody else has to know. */
export class Paces {
  readonly #slowed = new Map<string, Slowed>()
  readonly #starts = new Map<string, Starts>()

  /** A mail to the domain starts. */
  note(domain: string, now: number): void {
    const starts = this.#startsOf(domain, now)
    starts.count += 1
    this.#starts.delete(domain)
    this.#starts.set(domain, starts)
    // In the order of their latest starts.
    for (const [quiet, { since }] of this.#starts) {
      if (now - since < 2 * windowMs) break
      this.#starts.delete(quiet)
    }
  }

  /** The domain asked for less. `limit`: its own bucket, where it has one. */
  slowDown(domain: string, limit: BucketState | undefined, cause: string, now: number): void {
    const seen = this.#startsOf(domain, now)
    const observed = Math.max(seen.count, seen.before) / (windowMs / 1_000)
    const usual = limit === undefined ? observed : 1_000 / intervalAt(limit.rate, now)
    const slowed = this.#slowed.get(domain)
    const pace = slower(slowed?.pace, { usual, cause, now })
    if (slowed !== undefined) {
      slowed.pace = pace
      return
    }
    const bucket = newBucketState(`pace:${domain}`, `${domain} (slowed down)`, { ...oneASecond })
    bucket.version = 0
    bucket.stretches = [fromNowOn(now)]
    this.#slowed.set(domain, { pace, bucket })
  }

  /** The bucket of a domain that is slowed down now. */
  bucketOf(domain: string, now: number): BucketState | undefined {
    const slowed = this.#slowed.get(domain)
    if (slowed === undefined) return undefined
    const perSecond = rateOf(slowed.pace, now)
    if (perSecond === undefined) {
      this.#slowed.delete(domain)
      return undefined
    }
    slowed.bucket.rate = { ...oneASecond, count: perSecond }
    // Its stretch goes on for ever, unless the clock was set back before its beginning.
    if (slowed.bucket.stretches.length === 0) slowed.bucket.stretches = [fromNowOn(now)]
    return slowed.bucket
  }

  view(now: number): ReadonlyArray<PaceView> {
    return [...this.#slowed].flatMap(([domain, { pace }]) => {
      const perSecond = rateOf(pace, now)
      return perSecond === undefined ? [] : [{ domain, perSecond, fullPerSecond: pace.full, cause: pace.cause }]
    })
  }

  #startsOf(domain: string, now: number): Starts {
    const starts = this.#starts.get(domain)
    if (starts === undefined || now - starts.since >= 2 * windowMs) return { since: now, count: 0, before: 0 }
    return now - starts.since < windowMs ? starts : { since: now, count: 0, before: starts.count }
  }
}

const fromNowOn = (now: number): Stretch => ({ from: now, until: Number.POSITIVE_INFINITY })

const oneASecond = { count: 1, perMs: 1_000, burst: 1, warmUp: [] }
