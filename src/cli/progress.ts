import { stripVTControlCharacters } from "node:util"
import type { Counts } from "sendstate/sdk"
import { clockText, durationText, numberText } from "./duration-text.ts"
import type { Output } from "./output.ts"
import { cutTo } from "./table.ts"

/** What a run looks like at one moment. */
export interface ProgressView {
  readonly counts: Counts
  /** Mails of a whole sequence. */
  readonly steps: number
  /** What is in the way: nobody there takes mails, a pause. */
  readonly obstacle?: string | undefined
  /** Transports that are not there or refuse this sender, while others take its mails. */
  readonly without?: ReadonlyArray<string> | undefined
  /** Milliseconds until something is due, when nothing is now. */
  readonly waitsMs?: number | undefined
}

/** Progress on a terminal as a bar, elsewhere as lines. */
export interface Progress {
  /** Shows for the last time and leaves the line. */
  readonly stop: () => Promise<void>
}

const barWidth = 24
const drawMs = 150
const plainMs = 5_000
const windowMs = 8_000

const ended = (counts: Counts): number =>
  counts.sent + counts.failed + counts.suppressed + counts.skipped + counts.cancelled

/** Mails that there will be if every lead goes through all steps; those that stopped early count what they had. */
const expected = ({ counts, steps }: ProgressView): number => {
  const { active, finished } = counts.enrollments
  const going = (active + finished) * steps
  return active === 0 ? counts.planned : Math.max(counts.planned, going)
}

interface Sample {
  readonly at: number
  readonly ended: number
}

/** Mails per second over the last seconds. */
const makeRate = (): ((done: number) => number) => {
  const samples: Sample[] = []
  return (done) => {
    const at = performance.now()
    samples.push({ at, ended: done })
    while (samples.length > 2 && at - (samples[0]?.at ?? at) > windowMs) samples.shift()
    const first = samples[0]
    const seconds = first === undefined ? 0 : (at - first.at) / 1_000
    return first === undefined || seconds < 0.3 ? 0 : (done - first.ended) / seconds
  }
}

const bar = (output: Output, share: number): string => {
  const full = Math.floor(Math.min(1, share) * barWidth)
  return output.style("green", "█".repeat(full)) + output.style("dim", "░".repeat(barWidth - full))
}

const detailsOf = (output: Output, view: ProgressView, rate: number): string => {
  const { counts } = view
  const total = expected(view)
  const done = ended(counts)
  const parts = [`${numberText(done)}/${numberText(total)}`, `sent ${numberText(counts.sent)}`]
  if (counts.failed > 0) parts.push(output.style("red", `failed ${numberText(counts.failed)}`))
  if (counts.inDoubt > 0) parts.push(output.style("yellow", `in doubt ${numberText(counts.inDoubt)}`))
  if (counts.retrying > 0) parts.push(`retrying ${numberText(counts.retrying)}`)
  if (view.without !== undefined && view.without.length > 0)
    parts.push(output.style("yellow", `without ${view.without.join(", ")}`))
  if (view.obstacle !== undefined) parts.push(output.style("yellow", view.obstacle))
  else if (view.waitsMs !== undefined && view.waitsMs > 1_000) parts.push(`next in ${durationText(view.waitsMs)}`)
  else if (rate > 0) {
    parts.push(`${rate >= 10 ? numberText(Math.round(rate)) : rate.toFixed(1)}/s`)
    if (total > done) parts.push(`${clockText(((total - done) / rate) * 1_000)} left`)
  }
  return parts.join(output.style("dim", " · "))
}

/** One line of the terminal, coloured only when it fits: a cut colour would colour what follows. */
const fitted = (output: Output, line: string): string => {
  const plain = stripVTControlCharacters(line)
  return plain.length < output.columns() ? line : cutTo(plain, output.columns() - 1)
}

/** Shows how a run goes on until it is stopped. `read` is asked several times a second; what it throws is not shown. */
export const showProgress = (output: Output, read: () => Promise<ProgressView | undefined>): Progress => {
  const rateOf = makeRate()
  const everyMs = output.isTerminal ? drawMs : plainMs
  let last = ""
  let stopped = false
  let timer: NodeJS.Timeout | undefined

  const draw = async (): Promise<void> => {
    const view = await read().catch(() => undefined)
    if (view === undefined) return
    const done = ended(view.counts)
    const details = detailsOf(output, view, rateOf(done))
    const total = expected(view)
    const share = total === 0 ? 0 : done / total
    const percent = `${Math.floor(share * 100)}%`.padStart(4)
    if (output.isTerminal) output.raw(`\r\u001b[2K${fitted(output, `  ${bar(output, share)} ${percent}  ${details}`)}`)
    else if (details !== last) output.line(`${percent}  ${details}`)
    last = details
  }
  const tick = async (): Promise<void> => {
    await draw()
    if (!stopped) timer = setTimeout(() => void tick(), everyMs)
  }
  timer = setTimeout(() => void tick(), output.isTerminal ? 0 : 1_000)
  if (output.isTerminal) output.raw("\u001b[?25l")

  return {
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await draw()
      if (output.isTerminal) output.raw("\n\u001b[?25h")
    },
  }
}
