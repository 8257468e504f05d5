import { intervalAt, type Rate } from "../../sdk/index.ts"
import { firstStart, furthestSlot, type Stretch, startBefore } from "./bucket.ts"

/** A bucket as this process knows it. */
export interface BucketState {
  /** Also the key of its document. */
  readonly key: string
  /** As people are told it. */
  readonly name: string
  rate: Rate
  /** What this process has set aside, in order. */
  stretches: ReadonlyArray<Stretch>
  /** Epoch ms; everything before it was set aside by somebody, as far as this process knows. */
  taken: number
  /** Of the document that says so: 0 for none, `undefined` when it has to be read. */
  version: number | undefined
  /** The slot behind the latest call, epoch ms. */
  called: number
  /** Whether a stretch is being set aside. */
  isReserving: boolean
  /** Mails that stand in line for it: with priority, and without. */
  waitingFirst: number
  waiting: number
  /** Slots by campaign, epoch ms: up to where its mails were given turns. */
  readonly turns: Map<string, number>
}

export const newBucketState = (key: string, name: string, rate: Rate): BucketState => ({
  key,
  name,
  rate,
  stretches: [],
  taken: Number.NEGATIVE_INFINITY,
  version: undefined,
  called: Number.NEGATIVE_INFINITY,
  isReserving: false,
  waitingFirst: 0,
  waiting: 0,
  turns: new Map(),
})

/**
 * Forgets slots of a future that a clock showed before it was set back: nothing would start until it comes. The limit
 * still holds, since what is set aside from now on begins behind all that can have started.
 */
export const trustClock = (bucket: BucketState, now: number): void => {
  const furthest = furthestSlot(bucket.rate, now)
  if (bucket.taken > furthest) {
    bucket.taken = furthest
    bucket.turns.clear()
  }
  if (bucket.called > furthest) bucket.called = furthest
  if (bucket.stretches.some(({ from }) => from > furthest))
    bucket.stretches = bucket.stretches.filter(({ from }) => from <= furthest)
}

/** Where a stretch begins that is set aside next, together with what is left of the one before it. */
export const nextSlot = ({ stretches, taken }: BucketState, now: number): number => {
  const last = stretches.at(-1)
  return Math.max(last?.until === taken ? last.from : taken, now)
}

const firstSlot = (bucket: BucketState, now: number): number =>
  firstStart(bucket.stretches, bucket.rate, now) === undefined
    ? nextSlot(bucket, now)
    : Math.max(bucket.stretches[0]?.from ?? now, now)

/** When the next start may begin, as far as this process knows, epoch ms; the present for now. */
export const freeAt = (bucket: BucketState, now: number): number =>
  startBefore(bucket.rate, firstSlot(bucket, now), now)

/** The slot of who joins the line now. */
export const slotInLine = (bucket: BucketState, priority: boolean, now: number): number => {
  const first = firstSlot(bucket, now)
  const before = bucket.waitingFirst + (priority ? 0 : bucket.waiting)
  return first + before * intervalAt(bucket.rate, first)
}

/** The slot behind all turns that were given to mails of this campaign. */
export const slotBehindTurns = (bucket: BucketState, campaign: string, now: number): number =>
  Math.max(bucket.turns.get(campaign) ?? now, firstSlot(bucket, now))

/** Gives a mail of the campaign its turn in this slot: nobody is bound to it, it only spreads those who wait. */
export const giveTurn = (bucket: BucketState, campaign: string, slot: number): void => {
  bucket.turns.set(campaign, slot + intervalAt(bucket.rate, slot))
}

/** Whether forgetting it changes nothing: nobody waits, and everything that was set aside is over. */
export const isIdle = (bucket: BucketState, now: number): boolean =>
  bucket.waiting + bucket.waitingFirst === 0 &&
  !bucket.isReserving &&
  bucket.version !== undefined &&
  bucket.taken <= now &&
  [...bucket.turns.values()].every((turn) => turn <= now)
