import type { Counts } from "sendstate/sdk"

/** Where the demo writes, and whether a person watches. */
export interface Screen {
  readonly write: (text: string) => void
  readonly isTerminal: boolean
}

/** How often a terminal is redrawn, and how often a log gets a line, milliseconds. */
const redrawMs = 150
const lineMs = 2_000

const barWidth = 28

const number = (value: number): string => value.toLocaleString("en-US")

const ended = (counts: Counts): number =>
  counts.sent + counts.failed + counts.cancelled + counts.skipped + counts.suppressed

/** One line: how far, and what is going on. `expected` is how many mails there will be at most. */
export const progressLine = (counts: Counts, expected: number, elapsedMs: number): string => {
  const share = Math.min(1, expected === 0 ? 1 : ended(counts) / expected)
  const bar = "█".repeat(Math.floor(share * barWidth)).padEnd(barWidth, "·")
  const rate = Math.round(counts.sent / Math.max(0.001, elapsedMs / 1_000))
  return `${bar} ${number(counts.sent)} sent · ${number(counts.retrying)} retrying · ${number(counts.inDoubt)} in doubt · ${number(counts.scheduled)} scheduled · ${number(counts.failed)} failed · ${number(rate)}/s`
}

/** Shows where the campaign stands until `done` settles: one line redrawn on a terminal, a line now and then elsewhere. */
export const showProgress = async (
  screen: Screen,
  done: Promise<unknown>,
  read: () => Promise<string>,
): Promise<void> => {
  let running = true
  const stopped = done.then(
    () => {
      running = false
    },
    () => {
      running = false
    },
  )
  while (running) {
    let timer: NodeJS.Timeout | undefined
    await Promise.race([
      stopped,
      new Promise((resolve) => {
        timer = setTimeout(resolve, screen.isTerminal ? redrawMs : lineMs)
      }),
    ])
    clearTimeout(timer)
    if (!running && !screen.isTerminal) return
    // \r and "erase to the end of the line": no cursor tricks that a dumb terminal would print.
    screen.write(screen.isTerminal ? `\r${await read()}\u001b[K` : `${await read()}\n`)
  }
  screen.write("\n")
}
