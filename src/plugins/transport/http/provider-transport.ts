import { parseAddress } from "../../../sdk/domain/address.ts"
import { InvalidInput } from "../../../sdk/errors.ts"
import type { Message } from "../../../sdk/transport/message.ts"
import type { Rejected, SendOutcome } from "../../../sdk/transport/outcome.ts"
import type { LookupResult, Transport, TransportCapabilities } from "../../../sdk/transport/transport.ts"
import { classifyFailure, classifyStatus } from "./classify-status.ts"
import { callHttp, type Fetch, type HttpAnswer, type HttpCall, type HttpReply } from "./http-call.ts"
import type { ProviderSettings } from "./provider-options.ts"

/** What tells one provider from another. */
export interface Provider {
  readonly name: string
  /** The request for one mail. Throws InvalidInput for what the provider cannot carry. */
  readonly call: (message: Message, idempotencyKey: string) => HttpCall | Promise<HttpCall>
  /** What the provider's own words mean; undefined leaves it to the status. */
  readonly classify: (reply: HttpReply) => SendOutcome | undefined
  /** Asks whether the key is right, without sending. */
  readonly probe?: {
    readonly call: () => HttpCall | Promise<HttpCall>
    /** Whether the reply says that it is; default: where its status is 200. */
    readonly passes?: (reply: HttpReply) => boolean
  }
  /** Asks for an earlier mail, where the provider can be asked. */
  readonly lookup?: {
    readonly call: (idempotencyKey: string) => HttpCall
    readonly read: (reply: HttpReply) => LookupResult
  }
  readonly idempotent?: TransportCapabilities["idempotent"]
  /** What must not be seen outside, masked in every text. */
  readonly secrets: () => ReadonlyArray<string>
}

/** The forms in which it may come back. */
const formsOf = (secret: string): ReadonlyArray<string> =>
  secret === "" ? [] : [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]

const masked = (secrets: ReadonlyArray<string>, text: string): string =>
  secrets.flatMap(formsOf).reduce((clean, form) => clean.replaceAll(form, "[redacted]"), text)

// A provider that echoes the key must give nothing away.
const withoutSecrets = (answer: HttpAnswer, secrets: ReadonlyArray<string>): HttpAnswer =>
  answer.type === "reply"
    ? { type: "reply", reply: { ...answer.reply, text: masked(secrets, answer.reply.text) } }
    : { ...answer, text: masked(secrets, answer.text) }

const ask = async (provider: Provider, fetch: Fetch, call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> =>
  withoutSecrets(await callHttp(fetch, call, signal), provider.secrets())

const outcomeOf = (provider: Provider, answer: HttpAnswer): SendOutcome =>
  answer.type === "reply" ? (provider.classify(answer.reply) ?? classifyStatus(answer.reply)) : classifyFailure(answer)

const refused = (error: InvalidInput): Rejected => ({
  type: "rejected",
  scope: error.code === "invalid-address" ? "recipient" : "sender",
  retryable: false,
  code: error.code,
  response: error.message,
})

const prepare = async (provider: Provider, message: Message, key: string): Promise<HttpCall | Rejected> => {
  try {
    parseAddress(message.envelope.from)
    parseAddress(message.envelope.to)
    return await provider.call(message, key)
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error
    return refused(error)
  }
}

const aborted: Rejected = {
  type: "rejected",
  scope: "host",
  retryable: true,
  code: "aborted",
  response: "the send was aborted",
}

/**
 * A transport over one provider's HTTP API.
 *
 * `fetch` does not tell when a request's last byte was written, so the handoff is right before it. A connection that
 * was never made is a rejection all the same: then certainly nothing was sent.
 */
export const providerTransport = (provider: Provider, settings: ProviderSettings): Transport => ({
  name: provider.name,
  capabilities: {
    maxConcurrency: settings.maxConcurrency,
    ...(settings.maxPerSecond === "unlimited" ? {} : { maxPerSecond: settings.maxPerSecond }),
    deadlineMs: settings.deadlineMs,
    signalsHandoff: true,
    ...(provider.idempotent === undefined ? {} : { idempotent: provider.idempotent }),
  },
  send: async (message, { signal, idempotencyKey, handoff }) => {
    if (signal.aborted) return aborted
    const call = await prepare(provider, message, idempotencyKey)
    if ("type" in call) return call
    // The call may have been given up while it was prepared.
    if (signal.aborted) return aborted
    handoff()
    return outcomeOf(provider, await ask(provider, settings.fetch, call, signal))
  },
  ...(provider.probe === undefined ? {} : { verify: verifier(provider, provider.probe, settings.fetch) }),
  ...(provider.lookup === undefined ? {} : { lookup: looker(provider, provider.lookup, settings.fetch) }),
})

const verifier =
  (provider: Provider, probe: NonNullable<Provider["probe"]>, fetch: Fetch): NonNullable<Transport["verify"]> =>
  async (signal) => {
    const answer = await ask(provider, fetch, await probe.call(), signal)
    if (answer.type === "reply" && (answer.reply.status === 200 || probe.passes?.(answer.reply) === true))
      return undefined
    const outcome = outcomeOf(provider, answer)
    if (outcome.type === "rejected") return outcome
    const response = outcome.type === "unknown" ? (outcome.reason ?? outcome.stage) : (outcome.response ?? "")
    return { type: "rejected", scope: "host", retryable: true, code: "unreachable", response }
  }

const looker =
  (provider: Provider, lookup: NonNullable<Provider["lookup"]>, fetch: Fetch): NonNullable<Transport["lookup"]> =>
  async ({ idempotencyKey, signal }) => {
    const answer = await ask(provider, fetch, lookup.call(idempotencyKey), signal)
    return answer.type === "reply" && answer.reply.status === 200 ? lookup.read(answer.reply) : { type: "unknown" }
  }
