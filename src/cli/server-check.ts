// Real time: a person waits for it.
import { setTimeout as sleep } from "node:timers/promises"
import type { Transport } from "sendstate/sdk"
import { takesSender } from "./listed-server.ts"
import { type Output, printable } from "./output.ts"
import type { SmtpServer } from "./smtp-server.ts"

/** What a server that cannot be used answers, if it cannot. */
type Refusal = Awaited<ReturnType<NonNullable<Transport["verify"]>>>

const attempts = 3
const pauseMs = 700
const deadlineMs = 20_000

const ask = async (transport: Transport, signal: AbortSignal): Promise<Refusal> =>
  transport.verify?.(AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]))

/** Not there at all, as opposed to busy: nobody wants a campaign to wait for a misspelt port. */
const isAbsent = (refusal: NonNullable<Refusal>): boolean => refusal.scope === "host" && !/^\d{3}$/.test(refusal.code)

/** Whether a server can be used. */
type ServerCheck =
  | { readonly type: "ready" }
  /** It is there, but busy: the campaign can start and will wait for it. */
  | { readonly type: "busy"; readonly said: string }
  /** It is not there, or does not let us in; `todo` says what to do about it. */
  | { readonly type: "unusable"; readonly said: string; readonly todo: string }

/** Connects and logs in without sending; a server that is not there is asked again for a moment. */
const checkServer = async ({ transport }: SmtpServer, signal: AbortSignal): Promise<ServerCheck> => {
  for (let attempt = 1; ; attempt++) {
    const refusal = await ask(transport, signal)
    if (refusal === undefined) return { type: "ready" }
    const said = `${refusal.code}${refusal.response === undefined ? "" : `: ${refusal.response}`}`
    const absent = isAbsent(refusal)
    if (!absent && refusal.scope === "host") return { type: "busy", said }
    if (!absent || attempt >= attempts)
      return {
        type: "unusable",
        said,
        todo: absent ? "Start it, or check host and port" : "Check user, password and TLS",
      }
    await sleep(pauseMs, undefined, { signal })
  }
}

/** A server, and whether it can be used. */
export interface CheckedServer {
  readonly server: SmtpServer
  readonly check: ServerCheck
}

/** Asks all of them at once. */
export const checkServers = (
  servers: ReadonlyArray<SmtpServer>,
  signal: AbortSignal,
): Promise<ReadonlyArray<CheckedServer>> =>
  Promise.all(servers.map(async (server) => ({ server, check: await checkServer(server, signal) })))

const labelOf = ({ name, shown }: SmtpServer): string => (name === undefined ? shown : `${name} (${shown})`)

/** Why nothing can be sent from this domain: none of its servers can be used. `undefined` where one can. */
export const noServerText = (checked: ReadonlyArray<CheckedServer>, sender: string): string | undefined => {
  const problems: string[] = []
  for (const { server, check } of checked) {
    if (!takesSender(server, sender)) continue
    if (check.type !== "unusable") return undefined
    problems.push(`${labelOf(server)} cannot be used (${check.said}). ${check.todo}.`)
  }
  return `${problems.join(" ")} This run sent nothing: run the same command again then.`
}

/** Tells what is wrong with servers though the campaign can start. */
export const writeServerTroubles = (output: Output, checked: ReadonlyArray<CheckedServer>, sender: string): void => {
  for (const { server, check } of checked) {
    if (check.type === "ready") continue
    const state = check.type === "busy" ? "is busy" : "cannot be used"
    const elsewhere = checked.some((other) => other.server !== server && takesSender(other.server, sender))
    const effect = !takesSender(server, sender)
      ? ""
      : elsewhere
        ? "; others take its mails meanwhile"
        : "; the campaign waits"
    const line = `${server.name ?? "the mail server"} ${state} (${printable(check.said)})${effect}`
    output.line(`  ${check.type === "busy" ? line : output.style("yellow", line)}`)
  }
}

/** The servers as `run --json` gives them; nothing where the only one has no name. */
export const serverObjects = (checked: ReadonlyArray<CheckedServer>): Readonly<Record<string, unknown>> =>
  checked.every(({ server }) => server.name === undefined)
    ? {}
    : {
        transports: checked.map(({ server: { name, shown, weight }, check }) => ({
          name,
          server: shown,
          weight,
          check: check.type,
          said: check.type === "ready" ? null : check.said,
        })),
      }
