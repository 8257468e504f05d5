import { type Message, parseMailbox, type Transport } from "sendstate/sdk"
import { noSender } from "./placeholder.ts"

/** Subjects that are kept for communications that were not recorded yet. */
const kept = 10_000

/** What stands in until a transport is configured; nothing starts before. */
export const noTransport: Transport = {
  name: "none",
  capabilities: { maxConcurrency: 1, deadlineMs: 1_000, signalsHandoff: true },
  send: () => Promise.resolve({ type: "rejected", scope: "config", retryable: false, code: "no-transport" }),
}

/** The subjects of the latest mails by execution: a communication names what was sent, not what a template says today. */
export class SentSubjects {
  readonly #subjects = new Map<string, string>()

  /** The transport, listened to. Without its `close`: what is stopped may be started again. */
  listenTo(transport: Transport, from: string | undefined): Transport {
    const sender = from === undefined ? undefined : parseMailbox(from)
    // What was scheduled before a sender was configured goes out from the one that is now.
    const withSender = (message: Message): Message =>
      sender === undefined || message.from.address !== noSender
        ? message
        : { ...message, from: sender, envelope: { ...message.envelope, from: sender.address } }
    return {
      name: transport.name,
      capabilities: transport.capabilities,
      send: (message, context) => {
        this.#note(context.idempotencyKey, message.subject)
        return transport.send(withSender(message), context)
      },
      ...(transport.lookup === undefined ? {} : { lookup: (question) => transport.lookup?.(question) ?? unknown() }),
      ...(transport.verify === undefined
        ? {}
        : { verify: (options) => transport.verify?.(options) ?? Promise.resolve(undefined) }),
    }
  }

  #note(executionId: string, subject: string): void {
    const [oldest] = this.#subjects.keys()
    if (this.#subjects.size >= kept && oldest !== undefined) this.#subjects.delete(oldest)
    this.#subjects.set(executionId, subject)
  }

  take(executionId: string): string | undefined {
    const subject = this.#subjects.get(executionId)
    this.#subjects.delete(executionId)
    return subject
  }
}

const unknown = () => Promise.resolve({ type: "unknown" } as const)
