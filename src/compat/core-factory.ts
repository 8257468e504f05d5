import { Core } from "./core.ts"
import type { CompatOptions } from "./options.ts"
import { receiveEmail } from "./triggers.ts"

/** An engine that watches the mailbox which it was given. */
export const makeCore = (options: CompatOptions): Core => {
  const core = new Core(options)
  const { mailbox } = options
  if (mailbox !== undefined)
    core.whileRunning = (signal) =>
      mailbox.watch(async (message) => {
        await receiveEmail(core, message)
      }, signal)
  return core
}
