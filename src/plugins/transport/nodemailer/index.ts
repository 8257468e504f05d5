import * as z from "zod"
import { parseAddress } from "../../../sdk/domain/address.ts"
import { InvalidInput } from "../../../sdk/errors.ts"
import { parse } from "../../../sdk/schema.ts"
import type { Message } from "../../../sdk/transport/message.ts"
import type { SendOutcome } from "../../../sdk/transport/outcome.ts"
import type { Transport } from "../../../sdk/transport/transport.ts"
import { type MailOptions, mailOptions } from "../mime/mail-options.ts"
import { classifyError } from "./classify-error.ts"
import { classifyInfo } from "./classify-info.ts"
import { withoutSecrets } from "./without-secrets.ts"

/** What is used of a nodemailer transporter: anything with this shape will do. */
export interface NodemailerTransporter {
  /** Sends one mail. */
  sendMail(
    mail: MailOptions & { readonly envelope: { readonly from: string; readonly to: Array<string> } },
  ): Promise<unknown>
  /** Connects and logs in without sending. */
  verify?(): Promise<unknown>
  /** Of an SMTP transporter: what is secret in `auth` is masked in every text. */
  readonly options?: unknown
  /** Gives back connections. */
  close?(): unknown
}

/** Options of the `nodemailer` transport. */
export interface NodemailerOptions {
  /** Sends that may be under way at once; default 5. */
  readonly maxConcurrency?: number
  /** Sends started per second at most; default 10. */
  readonly maxPerSecond?: number | "unlimited"
  /** Upper bound of one send, in milliseconds; default 900,000. Nodemailer cannot be stopped: what is under way then is in doubt. */
  readonly deadlineMs?: number
}

const schema = z.strictObject({
  maxConcurrency: z.number().int().min(1).default(5),
  maxPerSecond: z.union([z.number().positive(), z.literal("unlimited")]).default(10),
  deadlineMs: z.number().int().min(1).max(2_147_483_647).default(900_000),
})

/**
 * A transport over any nodemailer transporter.
 *
 * Nodemailer's errors do not say whether the mail had left: a connection closed at RCPT and one closed after the final
 * dot give the same error. So only what is certain is a rejection, and the rest is in doubt. The `smtp` transport
 * knows more; use this one for transports that only nodemailer has.
 *
 * @throws InvalidInput for options that make no sense.
 */
export const nodemailer = (transporter: NodemailerTransporter, options: NodemailerOptions = {}): Transport => {
  const { maxConcurrency, maxPerSecond, deadlineMs } = parse(
    schema,
    options,
    'The options of the transport "nodemailer"',
  )
  return {
    name: "nodemailer",
    capabilities: {
      maxConcurrency,
      ...(maxPerSecond === "unlimited" ? {} : { maxPerSecond }),
      deadlineMs,
      signalsHandoff: false,
    },
    send: async (message, { signal }) => {
      if (signal.aborted)
        return { type: "rejected", scope: "host", retryable: true, code: "aborted", response: "the send was aborted" }
      const prepared = prepare(message)
      if ("type" in prepared) return prepared
      const sending = handOver(transporter, prepared, prepared.envelope.to[0])
      return untilAborted(
        sending.then((outcome) => withoutSecrets(transporter.options, outcome)),
        signal,
      )
    },
    ...(transporter.verify === undefined
      ? {}
      : {
          verify: async () => {
            try {
              await transporter.verify?.()
              return undefined
            } catch (error) {
              const outcome = withoutSecrets(transporter.options, classifyError(error))
              if (outcome.type === "rejected") return outcome
              const response = outcome.type === "unknown" ? (outcome.reason ?? outcome.stage) : (outcome.response ?? "")
              return { type: "rejected", scope: "host", retryable: true, code: "unreachable", response }
            }
          },
        }),
    close: async () => {
      await transporter.close?.()
    },
  }
}

interface Prepared extends MailOptions {
  readonly envelope: { readonly from: string; readonly to: [string] }
}

const prepare = (message: Message): Prepared | SendOutcome => {
  try {
    const envelope: Prepared["envelope"] = {
      from: parseAddress(message.envelope.from),
      to: [parseAddress(message.envelope.to)],
    }
    return { ...mailOptions(message), envelope }
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error
    const scope = error.code === "invalid-address" ? "recipient" : "sender"
    return { type: "rejected", scope, retryable: false, code: error.code, response: error.message }
  }
}

const handOver = async (
  transporter: NodemailerTransporter,
  mail: Prepared,
  recipient: string,
): Promise<SendOutcome> => {
  try {
    return classifyInfo(await transporter.sendMail(mail), recipient)
  } catch (error) {
    return classifyError(error)
  }
}

/** Nodemailer cannot be stopped: when nobody waits any more, the mail may still leave. */
const untilAborted = (sending: Promise<SendOutcome>, signal: AbortSignal): Promise<SendOutcome> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => resolve({ type: "unknown", stage: "handed-over", reason: "aborted" })
    signal.addEventListener("abort", onAbort, { once: true })
    sending.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort))
  })
