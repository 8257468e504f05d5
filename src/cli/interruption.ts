import process from "node:process"
import { exitCodes } from "./exit-code.ts"
import { err } from "./output.ts"

/** Ctrl-C (or SIGTERM) during a command: once to drain, twice to abort. */
export interface Interruption {
  /** Fires at the first signal. */
  readonly signal: AbortSignal
  readonly wasAsked: () => boolean
  /** Lets signals do again what they do by default. */
  readonly dispose: () => void
}

/**
 * A terminal sends Ctrl-C to every process of the command line, and npm passes it on once more: what comes this soon
 * after the first, milliseconds, is the same key press.
 */
const echoMs = 800

/** Listens for signals; `onFirst` says what will happen now. */
export const listenForInterruption = (onFirst: () => void): Interruption => {
  const controller = new AbortController()
  let askedAt: number | undefined
  const listener = (): void => {
    const now = performance.now()
    if (askedAt === undefined) {
      askedAt = now
      onFirst()
      controller.abort()
    } else if (now - askedAt > echoMs) {
      err.line("aborted: what was under way shows as in doubt at the next start")
      process.exit(exitCodes.drained)
    }
  }
  process.on("SIGINT", listener)
  process.on("SIGTERM", listener)
  return {
    signal: controller.signal,
    wasAsked: () => askedAt !== undefined,
    dispose: () => {
      process.off("SIGINT", listener)
      process.off("SIGTERM", listener)
    },
  }
}
