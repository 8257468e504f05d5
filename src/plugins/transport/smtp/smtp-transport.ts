import { InvalidInput, MissingDependency, TransportError } from "../../../sdk/errors.ts"
import type { Message } from "../../../sdk/transport/message.ts"
import type { Accepted, Rejected, SendOutcome } from "../../../sdk/transport/outcome.ts"
import type { SendContext, Transport } from "../../../sdk/transport/transport.ts"
import { compose } from "../mime/compose.ts"
import { mimeLibrary } from "../mime/mime-library.ts"
import { Cancellation } from "./cancellation.ts"
import { classify } from "./classify.ts"
import { Connection } from "./connection.ts"
import { envelopeOf } from "./envelope.ts"
import { SmtpFailure } from "./failure.ts"
import { Pool } from "./pool.ts"
import type { Reply } from "./reply.ts"
import { Secrets } from "./secrets.ts"
import type { SmtpSettings } from "./settings.ts"
import type { Delivery } from "./transaction.ts"

/** The transport over one server, with settings that are complete. */
export const smtpTransport = (settings: SmtpSettings): Transport => {
  const secrets = new Secrets(settings.auth)
  const open = (cancellation: Cancellation): Promise<Connection> => Connection.open(settings, secrets, cancellation)
  const { pooledIdleMs, quitMs, deadlineMs } = settings.timeouts
  const pool = new Pool({ open, size: settings.connections, idleMs: pooledIdleMs, quitMs })

  return {
    name: "smtp",
    capabilities: {
      maxConcurrency: settings.connections,
      ...(settings.maxPerSecond === undefined ? {} : { maxPerSecond: settings.maxPerSecond }),
      deadlineMs,
      signalsHandoff: true,
    },
    send: async (message, context) => {
      const cancellation = new Cancellation(context.signal, deadlineMs)
      try {
        const reply = await deliverOnce(pool, await prepared(message, context, settings), cancellation)
        return accepted(reply, secrets)
      } catch (error) {
        return redacted(outcomeOf(error), secrets)
      } finally {
        cancellation.dispose()
      }
    },
    verify: async (signal) => {
      const cancellation = new Cancellation(signal, deadlineMs)
      try {
        await mimeLibrary()
        const connection = await open(cancellation)
        await connection.quit(quitMs)
        return undefined
      } catch (error) {
        const outcome = redacted(outcomeOf(error), secrets)
        // Nothing is sent, so nothing can be unknown.
        if (outcome.type !== "rejected") throw error
        return outcome
      } finally {
        cancellation.dispose()
      }
    },
    close: () => pool.close(),
  }
}

const prepared = async (message: Message, context: SendContext, settings: SmtpSettings): Promise<Delivery> => ({
  envelope: envelopeOf(message, settings.envelopeFrom),
  message: await compose(message, settings.dkim),
  handoff: () => context.handoff(),
})

/** Delivers over a pooled connection; over a second, new one when the first turns out to have died in the pool. */
const deliverOnce = async (pool: Pool, delivery: Delivery, cancellation: Cancellation): Promise<Reply> => {
  const first = await pool.acquire(cancellation, false)
  const mayBeStale = first.reused
  try {
    return await first.deliver(delivery, cancellation)
  } catch (error) {
    if (!mayBeStale || !isStale(error) || cancellation.reason !== undefined) throw error
  } finally {
    pool.release(first)
  }
  const second = await pool.acquire(cancellation, true)
  try {
    return await second.deliver(delivery, cancellation)
  } finally {
    pool.release(second)
  }
}

/** Whether it is the connection that was given up, before any of the message was sent over it. */
const isStale = (error: unknown): boolean => {
  if (!(error instanceof SmtpFailure) || error.stage === "body" || error.stage === "final") return false
  const { problem, stage } = error
  if (!("word" in problem)) return problem.code === 421 || stage === "reset"
  return problem.word === "connection-closed" || problem.word === "connection-reset"
}

const outcomeOf = (error: unknown): SendOutcome => {
  if (error instanceof SmtpFailure) return classify(error)
  // The same mail would be refused each time: a permanent rejection, not a defect.
  if (error instanceof InvalidInput) {
    const scope = error.code === "invalid-address" ? "recipient" : "sender"
    return { type: "rejected", scope, retryable: false, code: error.code, response: error.message }
  }
  // Set up wrongly: no mail can be composed or signed until a person has acted.
  if (error instanceof MissingDependency || error instanceof TransportError)
    return { type: "rejected", scope: "config", retryable: true, code: error.code, response: error.message }
  throw error
}

const accepted = (reply: Reply, secrets: Secrets): Accepted => {
  const response = secrets.redact(reply.text)
  const providerId = /\bqueued as ([\w.-]{1,100})/i.exec(response)?.[1]
  return { type: "accepted", response, ...(providerId === undefined ? {} : { providerId }) }
}

const redacted = <Outcome extends SendOutcome | Rejected>(outcome: Outcome, secrets: Secrets): Outcome => {
  if (outcome.type === "unknown" && outcome.reason !== undefined)
    return { ...outcome, reason: secrets.redact(outcome.reason) }
  if (outcome.type === "rejected" && outcome.response !== undefined)
    return { ...outcome, response: secrets.redact(outcome.response) }
  return outcome
}
