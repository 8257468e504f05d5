import type { Message, SendContext, SendOutcome, Transport } from "sendstate/sdk"
import type { SmtpOptions, SmtpTimeouts } from "sendstate/transport/smtp"

/** A complete mail; `changes` replace what matters to the test. */
export const mail = (changes: Partial<Message> = {}): Message => ({
  messageId: "<exec-1.spring@acme.test>",
  date: Date.UTC(2026, 3, 1, 12, 0, 0),
  from: { name: "Ann", address: "ann@acme.test" },
  to: { name: "Bob", address: "bob@example.test" },
  envelope: { from: "bounce@acme.test", to: "bob@example.test" },
  subject: "Hello",
  text: "Hi Bob\n",
  html: "<p>Hi Bob</p>\n",
  headers: {},
  attachments: [],
  ...changes,
})

/** Short patience, so that silence is noticed quickly. */
const impatient: SmtpTimeouts = {
  connectMs: 2_000,
  greetingMs: 150,
  commandMs: 150,
  socketIdleMs: 150,
  finalReplyMs: 150,
  deadlineMs: 5_000,
  quitMs: 50,
}

export const impatiently = (url: string, options: SmtpOptions = {}): SmtpOptions => ({
  url,
  ...options,
  timeouts: { ...impatient, ...options.timeouts },
})

/** One send, and whether the transport said that the other side may have the mail. */
export const sendOnce = async (
  transport: Transport,
  message: Message = mail(),
  context: Partial<SendContext> = {},
): Promise<{ readonly outcome: SendOutcome; readonly handoffs: number }> => {
  let handoffs = 0
  const outcome = await transport.send(message, {
    signal: new AbortController().signal,
    idempotencyKey: "exec-1",
    attempt: 1,
    ...context,
    handoff: () => {
      handoffs += 1
      context.handoff?.()
    },
  })
  return { outcome, handoffs }
}
