/**
 * One life of the program that is killed: `life.ts JSON`. It enrolls, notes what was acknowledged, sends until nothing is
 * left to do, and ends; or dies before.
 */
import { fsyncSync, openSync, writeSync } from "node:fs"
import { performance } from "node:perf_hooks"
import process from "node:process"
import { createInterface } from "node:readline"
import { createRuntime } from "sendstate"
import { handlebars } from "sendstate/renderer/handlebars"
import { smtp } from "sendstate/transport/smtp"
import { fuse, type KillPoint, sendingWithKillPoint, withKillPoint } from "./kill-point.ts"
import { planOf } from "./plan.ts"
import { openStorage, type StorageName } from "./stores.ts"

/** What a life is told. */
export interface LifeOptions {
  readonly storage: StorageName
  readonly folder: string
  readonly smtp: string
  readonly onUnknown: "hold" | "resend"
  readonly leads: ReadonlyArray<string>
  /** Where acknowledged leads are noted. */
  readonly acknowledged: string
  /** Mails under way at once; default 4. */
  readonly connections?: number
  /** Limits, a condition, a mail that waits for `opened` longer than any life, and `left` as exit; default `false`. */
  readonly sequence?: boolean
  /** Where signals are noted that were answered: `event lead time`. */
  readonly signalled?: string
  readonly kill: { readonly point: KillPoint; readonly nth: number } | null
}

const started = performance.now()
const options = JSON.parse(process.argv[2] ?? "") as LifeOptions
const { point, nth } = options.kill ?? { point: "random" as const, nth: Number.POSITIVE_INFINITY }
const die = fuse(nth)

const notesIn = (path: string) => {
  const file = openSync(path, "a")
  return (line: string): void => {
    writeSync(file, `${line}\n`)
    fsyncSync(file)
  }
}
const note = notesIn(options.acknowledged)

const transport = sendingWithKillPoint(smtp({ url: options.smtp, connections: options.connections ?? 4 }), point, die)
let firstSend: number | undefined

const runtime = await createRuntime({
  storage: withKillPoint(await openStorage(options.storage, options.folder), point, die),
  transport: {
    ...transport,
    send: (message, context) => {
      firstSend ??= performance.now() - started
      return transport.send(message, context)
    },
  },
  ...(options.sequence === true ? { limits: { transports: { "*": "900 / second" } } } : {}),
  renderer: handlebars({
    templates: {
      hello: { subject: "Hello {{name}}", html: "<p>Hello {{name}}</p>" },
      nudge: { subject: "Still there?", html: "<p>Hello again, {{name}}</p>" },
      last: { subject: "You opened it", html: "<p>Good, {{name}}</p>" },
    },
  }),
})
const campaign = await runtime.campaigns.create(
  {
    id: "crash",
    from: "ann@acme.test",
    ...(options.sequence === true
      ? {
          steps: [
            { template: "hello" },
            { template: "nudge", after: "1 day", when: { lead: "plan", equals: "pro" } },
            { template: "last", waitUntil: { event: "opened", timeout: "9000 days" } },
          ],
          exit: "left",
          limit: "1000 / second",
        }
      : { steps: [{ template: "hello" }, { template: "nudge", after: "1 day" }] }),
    onUnknown: options.onUnknown,
    retry: { attempts: 20, base: "1 minute", cap: "1 hour", jitter: 0.2 },
  },
  { speed: 1_000_000 },
)
process.stdout.write("ready\n")
for (let start = 0; start < options.leads.length; start += 10) {
  const batch = options.leads.slice(start, start + 10)
  await campaign.enroll(
    batch.map((email) => ({ email, name: email.split("@")[0] ?? "", data: { plan: planOf(email) } })),
  )
  for (const email of batch) note(email)
}
if (options.signalled !== undefined) {
  const noteSignal = notesIn(options.signalled)
  createInterface({ input: process.stdin }).on("line", async (line) => {
    const [event = "", lead = ""] = line.split(" ")
    // The same id in each life, until it was answered.
    await runtime.signal({ lead, event, id: line })
    noteSignal(`${line} ${Date.now()}`)
    process.stdout.write(`signalled ${line}\n`)
  })
  process.stdout.write("listening\n")
}
const waiting = new Set<string>()
const tellWaiting = async (): Promise<void> => {
  for await (const { step, leadId } of runtime.executions.list({ states: ["scheduled"] })) {
    if (step !== 2 || waiting.has(leadId)) continue
    waiting.add(leadId)
    process.stdout.write(`waiting ${leadId}\n`)
  }
}
// Nothing is alive and nothing will ever be due by itself: all ended, or held in doubt.
if (options.sequence !== true) await campaign.idle()
const settled = async (): Promise<boolean> => {
  const { scheduled, rendering, sending, retrying } = await campaign.stats()
  return scheduled + rendering + sending + retrying === 0
}
while (!(await settled())) {
  if (options.sequence === true) await tellWaiting()
  await new Promise((resolve) => setTimeout(resolve, 20))
}
process.stdin.destroy()
await runtime.close()
process.stdout.write(`done ${JSON.stringify({ firstSendMs: firstSend ?? null })}\n`)
