import { Core } from "./core.ts"
import { watchMailbox } from "./mailbox.ts"
import type { CompatOptions } from "./options.ts"
import { checkTriggers, nativeTriggers } from "./triggers.ts"

/** An engine that watches the mailbox which it was given. @throws InvalidInput for triggers that could never start anything. */
export const makeCore = (options: CompatOptions): Core => {
  checkTriggers(options.triggers ?? [])
  const core = new Core(options)
  core.triggers = nativeTriggers(core, options.triggers ?? [])
  const { mailbox } = options
  if (mailbox !== undefined) core.whileRunning = (signal) => watchMailbox(core, mailbox, signal)
  return core
}
