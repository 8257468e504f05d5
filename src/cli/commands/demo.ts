import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import { defineCommand } from "citty"
import { InvalidInput } from "sendstate/sdk"
import { runDemo } from "../demo/demo.ts"
import { Inbox } from "../demo/inbox.ts"
import type { Screen } from "../demo/progress.ts"
import { report } from "../demo/report.ts"
import { toJson } from "../demo/result.ts"

/** A demo that has not ended by then never will. */
const deadlineMs = 120_000

const peopleOf = (text: string): number => {
  const people = Number(text)
  if (Number.isInteger(people) && people >= 1 && people <= 100_000) return people
  throw new InvalidInput({
    code: "invalid-input",
    retryable: false,
    issues: [{ path: "leads", message: "is a whole number from 1 to 100000" }],
    message: `--leads ${text}: give a whole number from 1 to 100000.`,
  })
}

/** How the person who reads this starts sendstate: in a clone, through npm. */
const program = (): string => (process.env.npm_lifecycle_event === undefined ? "sendstate" : "npm run -s sendstate --")

/** Ctrl-C ends the demo in order; the second one at once, as Node does by itself. */
const interruption = (): AbortSignal => {
  const interrupted = new AbortController()
  process.once("SIGINT", () => interrupted.abort())
  return interrupted.signal
}

/** `sendstate demo`. */
export const demoCommand = defineCommand({
  meta: {
    name: "demo",
    description: "Send a campaign to an unreliable mail server on this machine, and check every mail",
  },
  args: {
    db: { type: "string", valueHint: "file", description: "Keep the database here; a new file" },
    leads: { type: "string", valueHint: "number", default: "1000", description: "How many people to mail" },
    once: { type: "boolean", description: "End after the report, also on a terminal" },
    json: { type: "boolean", description: "Print one line of JSON, nothing else" },
  },
  run: async ({ args }) => {
    const people = peopleOf(args.leads)
    const isTerminal = process.stdout.isTTY === true
    const screen: Screen = {
      isTerminal: isTerminal && !args.json,
      write: (text) => void (args.json ? undefined : process.stdout.write(text)),
    }
    const interrupted = interruption()
    const inbox = await Inbox.start()
    try {
      screen.write(
        `A mail server that fails on purpose listens on ${inbox.url}. Mailing ${people.toLocaleString("en-US")} people, three mails each, a week in seconds.\n`,
      )
      const result = await runDemo(inbox, screen, {
        database: args.db,
        people,
        signal: AbortSignal.any([interrupted, AbortSignal.timeout(deadlineMs)]),
      })
      process.stdout.write(args.json ? `${toJson(result)}\n` : report(result, program()))
      process.exitCode = result.differences.length === 0 ? 0 : 1
      if (screen.isTerminal && process.stdin.isTTY === true && !args.once && process.env.CI === undefined) {
        screen.write(`The mail server stays for your own tries (--smtp ${inbox.url}) until Ctrl-C.\n`)
        await stays(interrupted)
      }
    } catch (error) {
      if (!interrupted.aborted) throw error
      process.exitCode = 130
    } finally {
      await inbox.stop()
    }
  },
})

const stays = async (interrupted: AbortSignal): Promise<void> => {
  try {
    await sleep(2_147_483_647, undefined, { signal: interrupted })
  } catch {
    // Ctrl-C is the only way out, and no error.
  }
}
