import { AssertionError } from "node:assert"
import type { Message, SendContext, SendOutcome, Transport } from "sendstate/sdk"
import { withinPatience } from "./patience.ts"

/** A complete mail; `changes` replace what matters to the test. */
export const sampleMessage = (changes: Partial<Message> = {}): Message => ({
  messageId: "<exec-1.spring@acme.test>",
  date: Date.UTC(2026, 0, 5, 9),
  from: { name: "Ann", address: "ann@acme.test" },
  to: { name: "Bob", address: "bob@example.test" },
  // Some providers take no bounce address of its own.
  envelope: { from: "ann@acme.test", to: "bob@example.test" },
  subject: "Hello",
  text: "Hi Bob\n",
  html: "<p>Hi Bob</p>\n",
  headers: { "X-Campaign": "spring" },
  attachments: [{ filename: "note.txt", content: new TextEncoder().encode("a note\n") }],
  ...changes,
})

interface CallOptions extends Partial<SendContext> {
  readonly message?: Message
  /** Called as soon as the call is under way. */
  readonly started?: (() => void) | undefined
}

/** What became of a call: an outcome, or what it threw. */
export interface CallResult {
  readonly outcome?: SendOutcome
  readonly thrown?: unknown
  readonly handoffs: number
}

/** One call, as the runtime makes it; a call that does not end fails the test. */
export const callOnce = (transport: Transport, patienceMs: number, options: CallOptions = {}): Promise<CallResult> =>
  withinPatience(patienceMs, "send", async () => {
    let handoffs = 0
    const { message = sampleMessage(), started, handoff, signal, idempotencyKey = "exec-1", attempt = 1 } = options
    const context: SendContext = {
      signal: signal ?? new AbortController().signal,
      idempotencyKey,
      attempt,
      handoff: () => {
        handoffs += 1
        handoff?.()
      },
    }
    try {
      const sending = transport.send(message, context)
      started?.()
      const outcome: unknown = await sending
      return { outcome: outcomeOf(outcome), handoffs }
    } catch (thrown) {
      if (thrown instanceof AssertionError) throw thrown
      return { thrown, handoffs }
    }
  })

const isOutcome = (value: unknown): value is SendOutcome =>
  typeof value === "object" &&
  value !== null &&
  "type" in value &&
  (value.type === "accepted" || value.type === "rejected" || value.type === "unknown")

const outcomeOf = (value: unknown): SendOutcome => {
  if (isOutcome(value)) return value
  throw new AssertionError({ message: `expected an outcome, and send answered ${JSON.stringify(value)}` })
}
