import type { Channel, Exchanged } from "./channel.ts"
import { dotStuffed, finalDot } from "./dot-stuffing.ts"
import type { Envelope } from "./envelope.ts"
import type { Extensions } from "./extensions.ts"
import { type Breakage, SmtpFailure, type Stage } from "./failure.ts"
import { isPositive, type Reply } from "./reply.ts"
import type { SmtpSettings } from "./settings.ts"

/** What one mail needs at the wire. */
export interface Delivery {
  readonly envelope: Envelope
  /** The whole message, CRLF line ends, not dot-stuffed. */
  readonly message: Buffer
  /** Called right before the final dot is given to the socket. */
  readonly handoff: () => void
}

/** Bytes that are given to the socket at once; the idle timeout counts for each such piece. */
const pieceBytes = 64 * 1024

interface Step {
  readonly stage: Stage
  readonly line: string
}

const accepts = (stage: Stage, reply: Reply): boolean => (stage === "data" ? reply.code === 354 : isPositive(reply))

const steps = (envelope: Envelope, size: number, extensions: Extensions, reset: boolean): ReadonlyArray<Step> => {
  const declared = extensions.size ? ` SIZE=${size}` : ""
  const utf8 = envelope.needsSmtpUtf8 ? " SMTPUTF8" : ""
  return [
    ...(reset ? [{ stage: "reset", line: "RSET\r\n" } as const] : []),
    { stage: "mail", line: `MAIL FROM:<${envelope.from}>${declared}${utf8}\r\n` },
    { stage: "rcpt", line: `RCPT TO:<${envelope.to}>\r\n` },
    { stage: "data", line: "DATA\r\n" },
  ]
}

/** The first refusal or the breakage that ended a batch; undefined when each step was accepted. */
const problemOf = (batch: ReadonlyArray<Step>, exchanged: Exchanged): SmtpFailure | undefined => {
  for (const [index, { stage }] of batch.entries()) {
    const reply = exchanged.replies[index]
    if (reply === undefined)
      return new SmtpFailure(
        stage,
        exchanged.unasked ?? exchanged.breakage ?? { word: "connection-closed", detail: "" },
      )
    if (!accepts(stage, reply)) return new SmtpFailure(stage, reply)
  }
  return undefined
}

/**
 * One mail over an open channel: MAIL, RCPT, DATA, body, final dot.
 *
 * With PIPELINING (RFC 2920) the three commands go out together. When the recipient is refused and DATA was answered
 * with 354 all the same, the channel is closed rather than an empty mail sent.
 *
 * @returns The final reply, positive.
 * @throws SmtpFailure with the stage; `final` from the moment that the dot was given to the socket.
 */
export const deliver = async (
  channel: Channel,
  extensions: Extensions,
  settings: SmtpSettings,
  delivery: Delivery,
  reset: boolean,
): Promise<Reply> => {
  const { commandMs, finalReplyMs } = settings.timeouts
  const all = steps(delivery.envelope, delivery.message.length, extensions, reset)
  const batches = extensions.pipelining ? [all] : all.map((step) => [step])
  for (const batch of batches) {
    const lines = batch.map((step) => step.line).join("")
    const exchanged = await channel.exchange(lines, batch.length, commandMs)
    const problem = problemOf(batch, exchanged)
    if (problem === undefined) continue
    const dataReply = exchanged.replies[batch.findIndex((step) => step.stage === "data")]
    if (dataReply?.code === 354)
      channel.destroy({ word: "connection-closed", detail: "closed after DATA without a recipient" })
    throw problem
  }
  await sendBody(channel, dotStuffed(delivery.message), settings)
  delivery.handoff()
  const exchanged = await channel.exchange(finalDot, 1, finalReplyMs)
  const reply = exchanged.replies[0]
  if (reply === undefined) throw new SmtpFailure("final", exchanged.breakage ?? lost)
  if (!isPositive(reply)) throw new SmtpFailure("final", reply)
  return reply
}

const lost: Breakage = { word: "connection-closed", detail: "no final reply" }

/** Everything but the final dot, completely handed to the operating system. */
const sendBody = async (channel: Channel, body: Buffer, settings: SmtpSettings): Promise<void> => {
  for (let from = 0; from < body.length; from += pieceBytes) {
    const piece = body.subarray(from, from + pieceBytes)
    const breakage = await channel.flush(piece, settings.timeouts.socketIdleMs)
    if (breakage !== undefined) break
  }
  // A reply before the dot (421 in the middle of the data) or a closed socket: the dot must not follow.
  const { breakage, unasked } = channel
  const refusal = unasked !== undefined && unasked.code >= 400 ? unasked : undefined
  if (breakage !== undefined) throw new SmtpFailure("body", refusal ?? breakage)
}
