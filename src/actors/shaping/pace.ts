/**
 * How a recipient domain that asked for less mail is treated: half the rate at once, a twentieth of the full one back for
 * every half minute of peace.
 */
export interface Pace {
  /** Starts per second before it asked. */
  readonly full: number
  /** Starts per second right after it asked last. */
  readonly reduced: number
  /** When that was, epoch ms. */
  readonly at: number
  /** What it said, without addresses. */
  readonly cause: string
}

/** Mails that were under way when it asked were started at the old rate: their answers say nothing new, milliseconds. */
const echoMs = 5_000

const peaceMs = 30_000

/** Starts per second at least: whoever is never asked again cannot say that it takes mail again. */
const slowest = 1 / 60

/** Starts per second now; `undefined` once it is back at the full rate. */
export const rateOf = ({ full, reduced, at }: Pace, now: number): number | undefined => {
  const rate = reduced + Math.floor(Math.max(0, now - at) / peaceMs) * (full / 20)
  return rate < full ? rate : undefined
}

/** The pace after it asked for less; `usual`: starts per second, as seen lately. */
export const slower = (
  pace: Pace | undefined,
  { usual, cause, now }: { readonly usual: number; readonly cause: string; readonly now: number },
): Pace => {
  const rate = pace === undefined ? undefined : rateOf(pace, now)
  if (pace === undefined || rate === undefined) {
    const full = Math.max(usual, 2 * slowest)
    return { full, reduced: full / 2, at: now, cause }
  }
  return now - pace.at < echoMs ? pace : { ...pace, reduced: Math.max(slowest, rate / 2), at: now, cause }
}
