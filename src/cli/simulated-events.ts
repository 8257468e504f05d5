import { eventName, toMillis } from "sendstate/sdk"
import type { EventModel, SignalModel } from "sendstate/simulation"
import { UsageError } from "./usage-error.ts"

/** How options say what recipients do. */
export const eventForms = {
  signal: "EVENT=SHARE[@AFTER]",
  bounce: "[soft=]SHARE[@AFTER]",
  unsubscribe: "SHARE[@AFTER]",
} as const

const examples: Readonly<Record<keyof typeof eventForms, string>> = {
  signal: "clicked=0.1 or clicked=0.1@2h",
  bounce: "0.02, 0.02@10m or soft=0.05",
  unsubscribe: "0.01 or 0.01@1d",
}

const refuse = (option: keyof typeof eventForms, text: string, why: string): never => {
  throw new UsageError(`--${option} is ${eventForms[option]}, like ${examples[option]}, not "${text}": ${why}.`)
}

interface Happening {
  /** What stands before the `=`. */
  readonly name: string | undefined
  readonly share: number
  /** Milliseconds after the mail. */
  readonly after: number | undefined
}

const happeningOf = (option: keyof typeof eventForms, text: string): Happening => {
  const [, name, share = "", after] = /^(?:([^=]*)=)?([^@]*)(?:@(.*))?$/s.exec(text) ?? []
  const part = share.trim() === "" ? Number.NaN : Number(share)
  if (!(part >= 0 && part <= 1)) return refuse(option, text, "the share of the mails is a number from 0 to 1")
  const ms = after === undefined ? undefined : toMillis(after)
  if (after !== undefined && ms === undefined) return refuse(option, text, `"${after}" is no duration`)
  return { name, share: part, after: ms }
}

const signalOf = (text: string): SignalModel => {
  const { name, share, after } = happeningOf("signal", text)
  if (name === undefined) return refuse("signal", text, "an event stands first")
  if (name === "bounced") return refuse("signal", text, "bounces have an option of their own, --bounce")
  if (name === "unsubscribed") return refuse("signal", text, "this has an option of its own, --unsubscribe")
  if (!eventName.safeParse(name).success)
    return refuse("signal", text, "an event is up to 100 letters, digits, dots, dashes and colons")
  return { event: name, share, after }
}

const bounceOf = (text: string): SignalModel => {
  const { name = "hard", share, after } = happeningOf("bounce", text)
  if (name !== "hard" && name !== "soft") return refuse("bounce", text, "a bounce is hard or soft")
  return { event: "bounced", bounce: name, share, after }
}

const unsubscribeOf = (text: string): Pick<EventModel, "unsubscribe" | "after"> => {
  const { name, share, after } = happeningOf("unsubscribe", text)
  if (name !== undefined) return refuse("unsubscribe", text, "it has no name")
  return { unsubscribe: share, after }
}

/**
 * What recipients do, as the options `--signal`, `--bounce` and `--unsubscribe` say.
 *
 * @throws UsageError
 */
export const simulatedEvents = (given: {
  readonly signals: ReadonlyArray<string>
  readonly bounces: ReadonlyArray<string>
  readonly unsubscribe: string | undefined
}): EventModel => ({
  signals: [...given.signals.map(signalOf), ...given.bounces.map(bounceOf)],
  ...(given.unsubscribe === undefined ? {} : unsubscribeOf(given.unsubscribe)),
})
