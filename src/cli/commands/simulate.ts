import { defineCommand } from "citty"
import { type LeadInput, toMillis } from "sendstate/sdk"
import type { SimulateOptions, Simulation, TransportModel } from "sendstate/simulation"
import { type CampaignFile, readCampaignFile } from "../campaign-file.ts"
import { valuesOf } from "../command-line.ts"
import { writeCounts } from "../counts-report.ts"
import { countText, durationText, numberText } from "../duration-text.ts"
import { exitCodes } from "../exit-code.ts"
import { instantOption } from "../instant-option.ts"
import { readLeads } from "../lead-file.ts"
import { numberOption } from "../number-option.ts"
import { err, out, printable, writeJson } from "../output.ts"
import { eventForms, simulatedEvents } from "../simulated-events.ts"
import { timeText } from "../time-text.ts"
import { UsageError } from "../usage-error.ts"

const args = {
  campaign: { type: "positional", required: true, valueHint: "CAMPAIGN.yaml", description: "What would be sent" },
  leads: { type: "positional", required: true, valueHint: "LEADS.csv", description: "To whom" },
  seed: { type: "string", valueHint: "N", description: "Other dice; the same seed gives the same result. Default 1" },
  start: { type: "string", valueHint: "TIME", description: "When it starts, ISO 8601. Default 2026-01-05T09:00:00Z" },
  days: { type: "string", valueHint: "N", description: "End after so many days. Default 366" },
  rate: { type: "string", valueHint: "N", description: "Mails a second that a server takes. Default: no limit" },
  temporary: {
    type: "string",
    valueHint: "SHARE",
    description: "Of attempts that are put off (450), 0 to 1. Default 0",
  },
  permanent: { type: "string", valueHint: "SHARE", description: "Of recipients that do not exist (550). Default 0" },
  unknown: { type: "string", valueHint: "SHARE", description: "Of attempts whose reply is lost. Default 0" },
  outage: {
    type: "string",
    valueHint: "[NAME=]FROM/FOR",
    description: "When a server cannot be reached, like 1h/2h or main=1h/2h; may be given several times",
  },
  signal: {
    type: "string",
    valueHint: eventForms.signal,
    description: "What comes back about a share of the mails, like clicked=0.1@2h; may be given several times",
  },
  bounce: {
    type: "string",
    valueHint: eventForms.bounce,
    description: "Of mails that were taken and come back, for good or for now; may be given several times",
  },
  unsubscribe: {
    type: "string",
    valueHint: eventForms.unsubscribe,
    description: "Of mails after which the recipient wants no more. Default 0; AFTER is 1h where it is not said",
  },
  kill: {
    type: "string",
    valueHint: "AFTER",
    description: "When the process is killed, like 36h after the start; may be given several times",
  },
  downtime: { type: "string", valueHint: "DURATION", description: "How long a killed process is away. Default 1m" },
  json: { type: "boolean", description: "One JSON object on the last line of stdout" },
} as const

const barWidth = 40
const dayMs = 86_400_000

const startOf = (text: string | undefined): Date | undefined =>
  text === undefined ? undefined : new Date(instantOption("start", text))

const leadsOf = async (file: string): Promise<ReadonlyArray<LeadInput>> => {
  const leads: Array<LeadInput> = []
  let refused = 0
  for await (const row of readLeads(file))
    if (row.type === "lead") leads.push(row.lead)
    else refused += 1
  if (refused > 0)
    err.line(`${countText(refused, "row")} of ${file} would not be mailed: sendstate run --dry-run names them.`)
  return leads
}

const writeCalendar = (calendar: Simulation["calendar"]): void => {
  const days = new Map<number, number>()
  for (const { at, sends } of calendar) {
    const day = Math.floor(at / dayMs) * dayMs
    days.set(day, (days.get(day) ?? 0) + sends)
  }
  const most = Math.max(1, ...days.values())
  for (const [day, sends] of days)
    out.line(
      `  ${timeText(day).slice(0, 10)}  ${"█".repeat(Math.max(1, Math.round((sends / most) * barWidth))).padEnd(barWidth)}  ${numberText(sends)}`,
    )
}

const attemptsText = ({ accepted, rejected, unknown }: Simulation["attempts"]): string =>
  `${countText(accepted + rejected + unknown, "attempt")}: ${numberText(accepted)} accepted, ${numberText(rejected)} rejected, ${numberText(unknown)} without a reply.`

const endText = ({
  finishedAt,
  startedAt,
  counts,
}: Pick<Simulation, "finishedAt" | "startedAt" | "counts">): string => {
  if (finishedAt !== null) return `Finished ${timeText(finishedAt)}, after ${durationText(finishedAt - startedAt)}.`
  return counts.inDoubt === 0
    ? "It does not finish within that time."
    : `It does not finish: ${countText(counts.inDoubt, "mail")} in doubt would wait for somebody to resolve ${counts.inDoubt === 1 ? "it" : "them"}.`
}

const eventsText = (events: Simulation["events"]): string =>
  Object.entries(events)
    .map(([event, times]) => `${numberText(times)} ${printable(event)}`)
    .join(", ")

const write = (
  campaign: string,
  { counts, attempts, transports, calendar, events, kills, finishedAt, startedAt, violations }: Simulation,
): void => {
  out.line(`${out.style("bold", campaign)}  simulated, nothing was sent`)
  out.line()
  writeCalendar(calendar)
  out.line()
  out.line(`  ${endText({ finishedAt, startedAt, counts })}`)
  out.line(`  ${attemptsText(attempts)}`)
  if (transports.length > 1)
    for (const { name, attempts: own } of transports) out.line(`  ${name}: ${attemptsText(own)}`)
  if (Object.keys(events).length > 0) out.line(`  Recipients, while it ran: ${eventsText(events)}.`)
  if (kills > 0) out.line(`  Killed and started again: ${countText(kills, "time")}.`)
  writeCounts(out, counts)
  for (const violation of violations) out.line(`  VIOLATION ${violation}`)
}

const durationOf = (option: "kill" | "downtime", text: string): number => {
  const ms = toMillis(text)
  if (ms === undefined) throw new UsageError(`--${option} is a duration, for example 36h or "2 days", not "${text}".`)
  return ms
}

interface Outage {
  /** Absent: of all of them. */
  readonly name: string | undefined
  readonly from: string
  readonly for: string
}

const outageOf = (text: string, names: ReadonlyArray<string>): Outage => {
  const [, name, from, lasts] = /^(?:([^=/]+)=)?([^/]+)\/([^/]+)$/.exec(text) ?? []
  if (from === undefined || lasts === undefined)
    throw new UsageError(`--outage is [NAME=]FROM/FOR, like 1h/2h or main=1h/2h, not "${text}".`)
  if (name !== undefined && !names.includes(name))
    throw new UsageError(
      `--outage ${text}: the campaign file lists no transport "${name}"${names.length === 0 ? "" : `; it lists ${names.join(", ")}`}.`,
    )
  return { name, from, for: lasts }
}

/** What the transports of the file are modelled as; all behave the same but for their outages. */
const modelled = (
  model: TransportModel,
  listed: CampaignFile["transports"],
  outages: ReadonlyArray<Outage>,
): Pick<SimulateOptions, "transport" | "transports"> => {
  const of = (name: string | undefined) =>
    outages
      .filter((outage) => outage.name === undefined || outage.name === name)
      .map(({ from, for: lasts }) => ({ from, for: lasts }))
  if (listed === undefined) return { transport: { ...model, outages: of(undefined) } }
  return {
    transports: listed.map(({ name, weight, senders }) => ({ ...model, name, weight, senders, outages: of(name) })),
  }
}

/** `sendstate simulate`. */
export const simulateCommand = defineCommand({
  meta: { name: "simulate" },
  args,
  run: async ({ args: given, rawArgs }) => {
    const shareOf = (name: "temporary" | "permanent" | "unknown") => {
      const value = numberOption(name, given[name], { min: 0, whole: false })
      if (value !== undefined && value > 1) throw new UsageError(`--${name} is a share from 0 to 1.`)
      return value
    }
    const days = numberOption("days", given.days, { min: 0.001, whole: false })
    const file = await readCampaignFile(given.campaign)
    const names = file.transports?.map(({ name }) => name) ?? []
    const outages = valuesOf(rawArgs, args, "outage").map((text) => outageOf(text, names))
    const events = simulatedEvents({
      signals: valuesOf(rawArgs, args, "signal"),
      bounces: valuesOf(rawArgs, args, "bounce"),
      unsubscribe: given.unsubscribe,
    })
    const kills = valuesOf(rawArgs, args, "kill").map((text) => durationOf("kill", text))
    const downtime = given.downtime === undefined ? undefined : durationOf("downtime", given.downtime)
    const leads = await leadsOf(given.leads)
    const { simulate } = await import("sendstate/simulation")
    const simulation = await simulate(file.input, leads, {
      seed: numberOption("seed", given.seed, { min: 0, whole: true }),
      start: startOf(given.start),
      until: days === undefined ? undefined : days * dayMs,
      limits: file.limits,
      events,
      faults: { kills, downtime },
      ...modelled(
        {
          maxPerSecond: numberOption("rate", given.rate, { min: 0.0001, whole: false }),
          temporary: shareOf("temporary"),
          permanent: shareOf("permanent"),
          unknown: shareOf("unknown"),
        },
        file.transports,
        outages,
      ),
    })
    if (given.json === true) writeJson({ campaign: file.campaign.id, ...simulation })
    else write(file.campaign.id, simulation)
    return simulation.violations.length === 0 ? exitCodes.done : exitCodes.failures
  },
})
