// Real time: a person waits for it.
import { setTimeout as sleep } from "node:timers/promises"
import type { Transport } from "sendstate/sdk"
import { takesSender } from "./listed-transport.ts"
import { type Output, printable } from "./output.ts"
import type { RunTransport } from "./run-transport.ts"

/** What a transport that cannot be used answers, if it cannot. */
type Refusal = Awaited<ReturnType<NonNullable<Transport["verify"]>>>

const attempts = 3
const pauseMs = 700
const deadlineMs = 20_000

// It answered with a status of SMTP or HTTP: it is there.
const hasAnswered = ({ code, response = "" }: NonNullable<Refusal>): boolean =>
  [code, response].some((text) => /^\d{3}\b/.test(text))

/** Not there at all, as opposed to busy: nobody wants a campaign to wait for a misspelt port. */
const isAbsent = (refusal: NonNullable<Refusal>): boolean => refusal.scope === "host" && !hasAnswered(refusal)

/** Where nobody of this name is, nothing is wrong with user or key. */
const isReached = (refusal: NonNullable<Refusal>): boolean => !isAbsent(refusal) && refusal.code !== "host-not-found"

/** Whether a transport can be used. */
type TransportCheck =
  | { readonly type: "ready" }
  /** Nothing can be asked of it without sending: the first mail shows whether it can be used. */
  | { readonly type: "unasked" }
  /** It is there, but busy: the campaign can start and will wait for it. */
  | { readonly type: "busy"; readonly said: string }
  /** It is not there, or does not let us in; `todo` says what to do about it. */
  | { readonly type: "unusable"; readonly said: string; readonly todo: string }

/** Connects and logs in without sending; what is not there is asked again for a moment. */
const checkTransport = async ({ transport, advice }: RunTransport, signal: AbortSignal): Promise<TransportCheck> => {
  if (transport.verify === undefined) return { type: "unasked" }
  for (let attempt = 1; ; attempt++) {
    const refusal = await transport.verify(AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]))
    if (refusal === undefined) return { type: "ready" }
    const said = `${refusal.code}${refusal.response === undefined ? "" : `: ${refusal.response}`}`
    const absent = isAbsent(refusal)
    if (!absent && refusal.scope === "host") return { type: "busy", said }
    if (!absent || attempt >= attempts)
      return { type: "unusable", said, todo: isReached(refusal) ? advice.refused : advice.absent }
    await sleep(pauseMs, undefined, { signal })
  }
}

/** A transport of a run, and whether it can be used. */
export interface CheckedTransport extends RunTransport {
  readonly check: TransportCheck
}

/** Asks all of them at once. */
export const checkTransports = (
  transports: ReadonlyArray<RunTransport>,
  signal: AbortSignal,
): Promise<ReadonlyArray<CheckedTransport>> =>
  Promise.all(transports.map(async (transport) => ({ ...transport, check: await checkTransport(transport, signal) })))

const labelOf = ({ name, shown }: RunTransport): string => (name === undefined ? shown : `${name} (${shown})`)

/** Why nothing can be sent from this domain: none of its transports can be used. `undefined` where one can. */
export const noTransportText = (checked: ReadonlyArray<CheckedTransport>, sender: string): string | undefined => {
  const problems: string[] = []
  for (const transport of checked) {
    const { check } = transport
    if (!takesSender(transport, sender)) continue
    if (check.type !== "unusable") return undefined
    problems.push(`${labelOf(transport)} cannot be used (${check.said}). ${check.todo}.`)
  }
  return `${problems.join(" ")} This run sent nothing: run the same command again then.`
}

/** Tells what is wrong with transports, or not known of them, though the campaign can start. */
export const writeTransportTroubles = (
  output: Output,
  checked: ReadonlyArray<CheckedTransport>,
  sender: string,
): void => {
  for (const transport of checked) {
    const { check } = transport
    if (check.type === "ready") continue
    const name = transport.name ?? "the mail server"
    if (check.type === "unasked") {
      output.line(`  ${name} cannot be asked without sending: its first mail shows whether it lets us in`)
      continue
    }
    const state = check.type === "busy" ? "is busy" : "cannot be used"
    const elsewhere = checked.some((other) => other !== transport && takesSender(other, sender))
    const effect = !takesSender(transport, sender)
      ? ""
      : elsewhere
        ? "; others take its mails meanwhile"
        : "; the campaign waits"
    const line = `${name} ${state} (${printable(check.said)})${effect}`
    output.line(`  ${check.type === "busy" ? line : output.style("yellow", line)}`)
  }
}

/** The transports as `run --json` gives them; nothing where the only one has no name. */
export const transportObjects = (checked: ReadonlyArray<CheckedTransport>): Readonly<Record<string, unknown>> =>
  checked.every(({ name }) => name === undefined)
    ? {}
    : {
        transports: checked.map(({ name, provider, shown, weight, check }) => ({
          name,
          provider,
          place: shown,
          weight,
          check: check.type,
          said: "said" in check ? check.said : null,
        })),
      }
