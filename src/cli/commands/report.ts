import { defineCommand } from "citty"
import type { CampaignReport, EventCounts } from "sendstate"
import { chooseCampaign } from "../campaign-choice.ts"
import { numberText } from "../duration-text.ts"
import { exitCodes } from "../exit-code.ts"
import { out, printable, writeJson } from "../output.ts"
import { storeArgs, withStore } from "../store-option.ts"
import { writeTable } from "../table.ts"

/** Every event of a report once: the goal first, the others by name. */
const eventsIn = ({ variants, mailed, heldOut, goal }: CampaignReport): ReadonlyArray<string> => {
  const heard = new Set([...variants, mailed, heldOut].flatMap(({ events }) => Object.keys(events)))
  if (goal !== null) heard.delete(goal)
  return [...(goal === null ? [] : [goal]), ...[...heard].sort()]
}

/** `3 (25.0%)`: how many, and their part of all. */
const shareText = (count: number, all: number): string =>
  all === 0 ? numberText(count) : `${numberText(count)} (${((100 * count) / all).toFixed(1)}%)`

const rightOf = (from: number, length: number): ReadonlyArray<number> =>
  Array.from({ length: length - from }, (_, index) => from + index)

const write = (campaign: string, report: CampaignReport): void => {
  const { variants, mailed, heldOut, goal } = report
  const events = eventsIn(report)
  const eventHead = events.map((event) => (event === goal ? `${printable(event)} (goal)` : printable(event)))
  const cells = (counts: EventCounts, all: number): ReadonlyArray<string> =>
    events.map((event) => shareText(Object.hasOwn(counts, event) ? (counts[event] ?? 0) : 0, all))
  out.line(out.style("bold", campaign))
  if (variants.length > 0) {
    const head = ["mail", "variant", "template", "planned", "sent", "not sent", ...eventHead]
    writeTable(out, {
      head,
      rows: variants.map(({ step, name, template, planned, sent, notSent, events: counts }) => [
        String(step + 1),
        printable(name),
        printable(template),
        ...[planned, sent, notSent].map(numberText),
        ...cells(counts, sent),
      ]),
      right: rightOf(3, head.length),
    })
    out.line()
  }
  const head = ["leads", "", ...eventHead]
  writeTable(out, {
    head,
    rows: [
      ["mailed", numberText(mailed.leads), ...cells(mailed.events, mailed.leads)],
      ["held out", numberText(heldOut.leads), ...cells(heldOut.events, heldOut.leads)],
    ],
    right: rightOf(1, head.length),
  })
}

/** `sendstate report`. */
export const reportCommand = defineCommand({
  meta: { name: "report" },
  args: {
    campaign: { type: "positional", required: false, valueHint: "CAMPAIGN", description: "Id; default: the only one" },
    ...storeArgs,
  },
  run: ({ args }) =>
    withStore(args.db, async (store) => {
      const { id } = await chooseCampaign(store, args.campaign)
      const report = await store.report(id)
      if (args.json === true)
        writeJson({
          campaign: id,
          ...report,
          // Steps are counted from 1 on the command line.
          variants: report.variants.map(({ step, ...variant }) => ({ step: step + 1, ...variant })),
        })
      else write(id, report)
      return exitCodes.done
    }),
})
