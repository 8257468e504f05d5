import { intervalAt, type Rate } from "../../sdk/index.ts"

/**
 * A stretch of a bucket's own time, epoch ms, that nobody else uses.
 *
 * Each start takes a slot of one interval from it, and begins in its slot or up to `burst - 1` intervals before. Slots
 * never overlap, whoever takes them, so that no window of `perMs` sees more than `count + burst - 1` starts. What is not
 * used in its time is lost, never made up for.
 */
export interface Stretch {
  readonly from: number
  readonly until: number
}

/** The first start that these stretches allow, and what is left of them after it. */
export interface Start {
  /** Epoch ms, not before `now`. */
  readonly at: number
  readonly left: ReadonlyArray<Stretch>
}

/** How long before its slot a start may begin. */
const toleranceAt = (rate: Rate, slot: number): number => (rate.burst - 1) * intervalAt(rate, slot)

/** When a start may begin whose slot begins then. */
export const startBefore = (rate: Rate, slot: number, now: number): number =>
  Math.max(now, slot - toleranceAt(rate, slot))

/** The first start from now on; `undefined` when the stretches have no slot left. Stretches are in order. */
export const firstStart = (stretches: ReadonlyArray<Stretch>, rate: Rate, now: number): Start | undefined => {
  for (const [index, { from, until }] of stretches.entries()) {
    const slot = Math.max(from, now)
    const end = slot + intervalAt(rate, slot)
    if (end <= until)
      return { at: startBefore(rate, slot, now), left: [{ from: end, until }, ...stretches.slice(index + 1)] }
  }
  return undefined
}

/** With one more stretch behind them; one that goes on where the last one ends becomes one with it. */
export const extend = (stretches: ReadonlyArray<Stretch>, more: Stretch): ReadonlyArray<Stretch> => {
  const last = stretches.at(-1)
  return last?.until === more.from
    ? [...stretches.slice(0, -1), { from: last.from, until: more.until }]
    : [...stretches, more]
}

/** Without those that are over. */
export const stillOpen = (stretches: ReadonlyArray<Stretch>, now: number): ReadonlyArray<Stretch> =>
  stretches.filter(({ until }) => until > now)

/** Time that a process sets aside for itself at once, milliseconds: bounds the writes per second, and what a crash wastes. */
const stretchMs = 1_000

/** The write that sets it aside takes its time: so much late a slow bucket's only slot is still good, milliseconds. */
const latenessMs = 250

/** A stretch is set aside so long before it begins, milliseconds. */
export const lookaheadMs = 1_000

/** No slot that somebody has set aside is later: a later one is of a clock that was set back since. */
export const furthestSlot = (rate: Rate, now: number): number =>
  now + lookaheadMs + stretchMs + latenessMs + 2 * rate.burst * intervalAt(rate, now)

/**
 * The stretch to set aside for so many starts, when everything before `taken` (epoch ms) is somebody's, and `held`
 * milliseconds right before it are ours.
 */
export const nextStretch = (
  rate: Rate,
  { taken, held, starts }: { readonly taken: number; readonly held: number; readonly starts: number },
  now: number,
): Stretch => {
  const from = Math.max(taken, now)
  const interval = intervalAt(rate, from)
  const needed = Math.min(Math.max(1, starts), rate.burst) * interval + Math.min(interval, latenessMs)
  return { from, until: from + Math.max(1, Math.max(stretchMs, needed) - held) }
}
