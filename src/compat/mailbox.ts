// Real time: the mailbox is the host's, and works in it.
import { setTimeout as sleep } from "node:timers/promises"
import { InvalidInput } from "sendstate"
import type { Core } from "./core.ts"
import type { InboundMailbox, InboundMessage } from "./sources.ts"
import { receiveEmail } from "./telling.ts"

const firstWaitMs = 1_000
const longestWaitMs = 60_000

// One that can never be taken in holds up no other.
const takeIn = async (core: Core, message: InboundMessage): Promise<void> => {
  try {
    await receiveEmail(core, message)
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error
    core.warn(`The message ${message.id} cannot be taken in: ${error.message}`)
  }
}

/** Watches until the signal fires. A mailbox that is not available is a warning, and is tried again: after a minute at the latest. */
export const watchMailbox = async (core: Core, mailbox: InboundMailbox, signal: AbortSignal): Promise<void> => {
  let waitMs = firstWaitMs
  while (!signal.aborted) {
    try {
      await mailbox.watch(async (message) => {
        await takeIn(core, message)
        waitMs = firstWaitMs
      }, signal)
      return
    } catch (error) {
      if (signal.aborted) return
      const reason = error instanceof Error ? error.message : String(error)
      core.warn(`Watching the mailbox failed, and is tried again in ${waitMs / 1_000} s: ${reason}`)
    }
    // Ends early, with an error that says so, when the signal fires.
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined)
    waitMs = Math.min(waitMs * 2, longestWaitMs)
  }
}
