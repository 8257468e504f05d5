import * as z from "zod"
import { parse } from "../../../sdk/schema.ts"
import type { Message } from "../../../sdk/transport/message.ts"
import type { SendOutcome } from "../../../sdk/transport/outcome.ts"
import type { Transport } from "../../../sdk/transport/transport.ts"
import { rejection } from "../http/classify-status.ts"
import type { HttpReply } from "../http/http-call.ts"
import { jsonOf } from "../http/message-json.ts"
import { type ProviderOptions, providerFields, safeUrl, secret } from "../http/provider-options.ts"
import { providerTransport } from "../http/provider-transport.ts"
import { compose } from "../mime/compose.ts"
import { type AwsCredentials, signedCall } from "./signer.ts"

export type { AwsCredentials } from "./signer.ts"

/** Options of the `ses` transport. Defaults: 10 requests at once, 14 a second (what an account gets that left the sandbox). */
export interface SesOptions extends ProviderOptions {
  /** For example `eu-central-1`. */
  readonly region: string
  /** Keys, or where to get them: `fromNodeProviderChain()` of `@aws-sdk/credential-providers` fits. Asked before each request. */
  readonly credentials: AwsCredentials | (() => Promise<AwsCredentials>)
  /** Configuration set, which publishes bounces and complaints. */
  readonly configurationSet?: string | undefined
}

const schema = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "must be a region, for example eu-central-1"),
  credentials: z.union([
    z.strictObject({ accessKeyId: secret, secretAccessKey: secret, sessionToken: secret.optional() }),
    z.custom<() => Promise<AwsCredentials>>((value) => typeof value === "function", "must be keys or a function"),
  ]),
  configurationSet: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be a configuration set's name")
    .optional(),
  ...providerFields({ maxConcurrency: 10, maxPerSecond: 14 }),
  baseUrl: safeUrl.optional(),
})

// The class of the error: a header, `Type:namespace`, or `__type` in the body.
const errorName = (reply: HttpReply): string => {
  const type = reply.header("x-amzn-errortype") ?? jsonOf(reply.text)?.__type
  return typeof type === "string" ? (type.split("#").at(-1)?.split(":")[0] ?? "") : ""
}

const classify = (reply: HttpReply): SendOutcome | undefined => {
  if (reply.status === 200) {
    const id = jsonOf(reply.text)?.MessageId
    return typeof id === "string"
      ? { type: "accepted", providerId: id, response: "200" }
      : { type: "unknown", stage: "reply" }
  }
  const name = errorName(reply)
  switch (name) {
    case "TooManyRequestsException":
    case "LimitExceededException":
    case "ThrottlingException":
    case "Throttling":
      return rejection(reply, { scope: "host", retryable: true, code: name })
    case "AccountSuspendedException":
    case "SendingPausedException":
    case "MailFromDomainNotVerifiedException":
    case "NotFoundException":
    case "AccessDeniedException":
    case "UnrecognizedClientException":
    case "InvalidSignatureException":
    case "SignatureDoesNotMatch":
    case "InvalidClientTokenId":
    case "ExpiredTokenException":
      return rejection(reply, { scope: "config", retryable: true, code: name })
    case "MessageRejected":
      // Says so when the sender's address is not verified: every other mail would be refused as well.
      return /not verified/i.test(reply.text)
        ? rejection(reply, { scope: "config", retryable: true, code: name })
        : rejection(reply, { scope: "sender", retryable: false, code: name })
    case "BadRequestException":
      return rejection(reply, { scope: "sender", retryable: false, code: name })
    default:
      return undefined
  }
}

const bodyOf = async (message: Message, idempotencyKey: string, configurationSet: string | undefined) => ({
  FromEmailAddress: message.envelope.from,
  Destination: { ToAddresses: [message.envelope.to] },
  Content: { Raw: { Data: (await compose(message)).toString("base64") } },
  EmailTags: [{ Name: "sendstate", Value: idempotencyKey }],
  ...(configurationSet === undefined ? {} : { ConfigurationSetName: configurationSet }),
})

/**
 * A transport over the API of Amazon SES (v2). SES knows no idempotency keys and cannot be asked: what is in doubt is
 * left to the campaign's policy. SES sets a Message-ID of its own; the execution comes back in events as the tag
 * `sendstate`. Needs the packages `aws4fetch` and `nodemailer` (to compose).
 *
 * @throws InvalidInput for options that make no sense; the text never holds a key.
 * @example
 * ```ts
 * const transport = ses({ region: "eu-central-1", credentials: fromNodeProviderChain() })
 * ```
 */
export const ses = (options: SesOptions): Transport => {
  const settings = parse(schema, options, 'The options of the transport "ses"')
  const { region, configurationSet } = settings
  const baseUrl = settings.baseUrl?.replace(/\/+$/, "") ?? `https://email.${region}.amazonaws.com`
  let secrets: ReadonlyArray<string> = []
  const credentials = async (): Promise<AwsCredentials> => {
    const keys = typeof settings.credentials === "function" ? await settings.credentials() : settings.credentials
    secrets = [keys.secretAccessKey, keys.sessionToken ?? ""]
    return keys
  }
  return providerTransport(
    {
      name: "ses",
      call: async (message, idempotencyKey) =>
        signedCall(
          {
            url: `${baseUrl}/v2/email/outbound-emails`,
            headers: { "content-type": "application/json" },
            body: JSON.stringify(await bodyOf(message, idempotencyKey, configurationSet)),
          },
          await credentials(),
          region,
        ),
      classify,
      probe: {
        call: async () =>
          signedCall({ url: `${baseUrl}/v2/email/account`, method: "GET", headers: {} }, await credentials(), region),
      },
      secrets: () => secrets,
    },
    settings,
  )
}
