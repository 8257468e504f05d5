import process from "node:process"
import { defineCommand } from "citty"
import { Interrupted } from "sendstate/sdk"
import { runDemo } from "../demo/demo.ts"
import { Inbox } from "../demo/inbox.ts"
import { writeReport } from "../demo/report.ts"
import { resultObject } from "../demo/result.ts"
import { countText } from "../duration-text.ts"
import { type ExitCode, exitCodes } from "../exit-code.ts"
import { listenForInterruption } from "../interruption.ts"
import { numberOption } from "../number-option.ts"
import { err, out, writeJson } from "../output.ts"

/** A demo that has not ended by then never will. */
const deadlineMs = 120_000

/** How the person who reads this starts sendstate: in a clone, through npm. */
const program = (): string => (process.env.npm_lifecycle_event === undefined ? "sendstate" : "npm run -s sendstate --")

/** Somebody sits there who can press Ctrl-C. */
const isWatched = (): boolean => out.isTerminal && process.stdin.isTTY === true && process.env.CI === undefined

const inTime = async <A>(limit: AbortSignal, work: Promise<A>): Promise<A> => {
  try {
    return await work
  } catch (cause) {
    if (!limit.aborted) throw cause
    throw new Interrupted({
      code: "demo-deadline",
      retryable: true,
      cause,
      message: `The demo did not end within ${deadlineMs / 1_000} s. Try it with fewer: --leads 100.`,
    })
  }
}

/** `sendstate demo`: exit code 0 only if the report equals what the inbox has, message by message. */
export const demoCommand = defineCommand({
  meta: { name: "demo", description: "Watch a campaign run against a mail server that fails on purpose" },
  args: {
    db: { type: "string", valueHint: "FILE", description: "Keep the database here, in a new file" },
    leads: { type: "string", valueHint: "N", description: "How many leads to mail. Default: 1000" },
    once: { type: "boolean", description: "End after the report, also on a terminal" },
    json: { type: "boolean", description: "One JSON object on stdout, everything else on stderr" },
  },
  run: async ({ args }): Promise<ExitCode> => {
    const people = numberOption("leads", args.leads, { min: 1, whole: true }) ?? 1_000
    const output = args.json ? err : out
    const interruption = listenForInterruption(() => output.line("\nending..."))
    const inbox = await Inbox.start()
    try {
      output.line(`A mail server that fails on purpose listens on ${inbox.url}.`)
      output.line(`${countText(people, "lead")}, three mails each over a week, in a few seconds:`)
      const limit = AbortSignal.timeout(deadlineMs)
      const signal = AbortSignal.any([interruption.signal, limit])
      const result = await inTime(limit, runDemo(inbox, output, { database: args.db, people, signal }))
      if (args.json) writeJson(resultObject(result))
      else writeReport(output, result, program())
      if (isWatched() && !args.once && !args.json && !interruption.wasAsked()) {
        output.line()
        output.line(`The mail server stays for what you want to try with --smtp ${inbox.url}, until Ctrl-C.`)
        await new Promise((resolve) => interruption.signal.addEventListener("abort", resolve))
      }
      return result.differences.length === 0 ? exitCodes.done : exitCodes.trouble
    } catch (error) {
      if (interruption.wasAsked() && error instanceof Interrupted) return exitCodes.drained
      throw error
    } finally {
      interruption.dispose()
      await inbox.stop()
    }
  },
})
