/** Where and when a world begins, epoch ms, that sees no change of the clocks. */
export const usualPlace = { epoch: Date.UTC(2026, 0, 5, 9), timeZone: "UTC" } as const

/** Instants at which clocks are set, epoch ms: forward, back, on the other half of the earth, and by half an hour. */
export const clockChanges = [
  { timeZone: "Europe/Berlin", change: Date.UTC(2026, 2, 29, 1) },
  { timeZone: "Europe/Berlin", change: Date.UTC(2026, 9, 25, 1) },
  { timeZone: "America/New_York", change: Date.UTC(2026, 2, 8, 7) },
  { timeZone: "America/New_York", change: Date.UTC(2026, 10, 1, 6) },
  { timeZone: "Australia/Lord_Howe", change: Date.UTC(2026, 3, 4, 15) },
  { timeZone: "Australia/Lord_Howe", change: Date.UTC(2026, 9, 3, 15, 30) },
] as const

const minuteMs = 60_000
const dayMinutes = 1_440

/** `09:05` */
export const clockText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`

interface Local {
  readonly day: string
  /** Since midnight. */
  readonly minute: number
}

/** The clocks of a zone, as `Intl` tells them: not what production asks. */
const clockOf = (timeZone: string): ((at: number) => Local) => {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  })
  return (at) => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
    return { day: `${parts.year}-${parts.month}-${parts.day}`, minute: Number(parts.hour) * 60 + Number(parts.minute) }
  }
}

/**
 * Open times of each day, minutes since midnight: a gap comes early in a world, and a long one later; one that begins
 * right before a change of the clocks has them in the hour that is left out or comes twice.
 */
export const openMinutesOf = ({
  epoch,
  timeZone,
}: {
  readonly epoch: number
  readonly timeZone: string
}): ReadonlyArray<readonly [number, number]> => {
  const start = clockOf(timeZone)(epoch).minute
  const gaps = [
    [start + 3, start + 6],
    [start + 40, start + 70],
  ] as const
  const ends = [0, ...gaps.flat(), dayMinutes].map((end) => Math.min(end, dayMinutes))
  return [0, 2, 4].flatMap((index) => {
    const [from = 0, to = 0] = ends.slice(index, index + 2)
    return from < to ? [[from, to] as const] : []
  })
}

/** A whole minute, as campaigns write it; a time that comes twice is the first of both. */
export interface TimeOfDay {
  /** `2026-03-29 at 03:10` */
  readonly text: string
  /** Epoch ms. */
  readonly at: number
}

/** The local time of the minute that begins at this instant or after it (epoch ms). */
export const timeOfDay = (timeZone: string, instant: number): TimeOfDay => {
  const localOf = clockOf(timeZone)
  const textAt = (at: number): string => {
    const { day, minute } = localOf(at)
    return `${day} at ${clockText(minute)}`
  }
  const last = Math.ceil(instant / minuteMs) * minuteMs
  const text = textAt(last)
  // Clocks that are set back say it again an hour later, at most.
  const earlier = Array.from({ length: 60 }, (_, index) => last - (60 - index) * minuteMs)
  return { text, at: earlier.find((at) => textAt(at) === text) ?? last }
}

/**
 * Whether mail may go at this instant (epoch ms): found minute by minute. A time that comes twice is the first of both.
 */
export const makeIsOpen = (
  timeZone: string,
  open: ReadonlyArray<readonly [number, number]>,
): ((at: number) => boolean) => {
  const localOf = clockOf(timeZone)
  const spans = new Map<string, ReadonlyArray<readonly [number, number]>>()
  const spansAround = (at: number, day: string): ReadonlyArray<readonly [number, number]> => {
    const known = spans.get(day)
    if (known !== undefined) return known
    const from = Math.floor(at / minuteMs) - 1_600
    const minutes = Array.from({ length: 3_200 }, (_, index) => (from + index) * minuteMs)
    const locals = minutes.map((instant) => ({ instant, ...localOf(instant) })).filter((local) => local.day === day)
    const midnight = (locals.at(-1)?.instant ?? 0) + minuteMs
    const first = (minute: number): number => locals.find((local) => local.minute >= minute)?.instant ?? midnight
    const found = open.map(([opens, closes]) => [first(opens), first(closes)] as const)
    spans.set(day, found)
    return found
  }
  return (at) => spansAround(at, localOf(at).day).some(([from, to]) => from <= at && at < to)
}
