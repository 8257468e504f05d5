import process from "node:process"
import { createInterface } from "node:readline/promises"
import { err } from "./output.ts"
import { UsageError } from "./usage-error.ts"

/** Whether somebody can be asked. */
const canAsk = (): boolean => process.stdin.isTTY === true && err.isTerminal

/**
 * Asks before something that cannot be taken back.
 *
 * @returns Whether the answer was yes; true without asking when `yes` is set.
 * @throws UsageError when there is nobody to ask.
 */
export const confirm = async (question: string, yes: boolean, signal?: AbortSignal): Promise<boolean> => {
  if (yes) return true
  if (!canAsk()) throw new UsageError(`${question} There is no terminal to ask: add --yes.`)
  const reader = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await reader.question(
      `${question} ${err.style("dim", "[y/N]")} `,
      signal === undefined ? {} : { signal },
    )
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    reader.close()
  }
}
