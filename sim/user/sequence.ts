import type { CampaignInput, StepInput } from "../../src/sdk/index.ts"
import type { Chance } from "../chance.ts"
import { clockText, openMinutesOf, type TimeOfDay, timeOfDay } from "./hours.ts"

/** What a world's campaign has beyond mails and delays. */
export interface SequenceOptions {
  /** Mails that ask for the lead's plan, and for an event. */
  readonly when: boolean
  /** A fork with another one in it. */
  readonly fork: boolean
  /** Minutes that a mail waits for an event at most; `null` for no such mail. */
  readonly waitMinutes: number | null
  readonly exit: boolean
  readonly goal: boolean
  readonly reentry: boolean
  /** An event that enrolls leads. */
  readonly trigger: boolean
  /** Minutes from the start to a time that enrolls everybody who is known then; `null` for no such time. */
  readonly timedMinutes: number | null
  /** Sending hours with gaps. */
  readonly hours: boolean
  /** Rounds for each lead; `null` for a campaign that comes once. */
  readonly rounds: number | null
  readonly variants: boolean
  /** Edits are meant for what is under way too, and take the last mail away. */
  readonly updateRunning: boolean
}

export const noSequence: SequenceOptions = {
  when: false,
  fork: false,
  waitMinutes: null,
  exit: false,
  goal: false,
  reentry: false,
  trigger: false,
  timedMinutes: null,
  hours: false,
  rounds: null,
  variants: false,
  updateRunning: false,
}

const drawTimed = (chance: Chance, isShared: boolean): number | null =>
  chance.happens(0.4) ? (isShared ? 2 : chance.pick([3, 9])) : null

/** Four worlds in ten have some of it. */
export const drawSequence = (chance: Chance, isShared: boolean): SequenceOptions => {
  if (!chance.happens(0.4)) return noSequence
  const trigger = chance.happens(0.3)
  return {
    when: chance.happens(0.4),
    fork: chance.happens(0.4),
    waitMinutes: chance.happens(0.6) ? (isShared ? 4 : chance.pick([10, 60])) : null,
    exit: chance.happens(0.5),
    goal: chance.happens(0.3),
    reentry: trigger || chance.happens(0.3),
    trigger,
    timedMinutes: drawTimed(chance.fork("timed"), isShared),
    hours: chance.happens(0.4),
    rounds: chance.happens(0.2) ? 2 : null,
    variants: chance.happens(0.3),
    updateRunning: chance.happens(0.3),
  }
}

/** Events of worlds: a mail waits for the first, conditions ask for the first two, then the exit, the goal, the trigger. */
export const events = {
  opened: "opened",
  clicked: "clicked",
  exit: "replied",
  goal: "bought",
  trigger: "came",
} as const

/** Events that mean something in this world. */
export const heededEvents = ({
  when,
  fork,
  waitMinutes,
  exit,
  goal,
  trigger,
}: SequenceOptions): ReadonlyArray<string> => [
  ...(when || waitMinutes !== null ? [events.opened] : []),
  ...(fork ? [events.clicked] : []),
  ...(exit ? [events.exit] : []),
  ...(goal ? [events.goal] : []),
  ...(trigger ? [events.trigger] : []),
]

/** The mail that waits for an event. */
export const awaitedMail = "awaited"

/** Whom a mail is for, by its name: who else got it was not asked. */
export const isForPro = (name: string): boolean => name === "for-pro" || name.startsWith("do-")

const isPro = { lead: "plan", equals: "pro" } as const

/** The steps of a campaign; each edition differs in what is not planned yet. */
export const stepsOf = (
  {
    steps,
    stepMinutes,
    sequence: { when, fork, waitMinutes, variants, updateRunning },
  }: { readonly steps: number; readonly stepMinutes: number; readonly sequence: SequenceOptions },
  edition: number,
): ReadonlyArray<StepInput> => {
  const plain = Array.from({ length: steps }, (_, step): StepInput => {
    const name = `step-${step}`
    const after = `${(step === 0 ? 0 : stepMinutes) + (edition % 3)} minutes`
    return variants && step === 0 ? { name, variants: { a: name, b: `${name}-b` }, after } : { template: name, after }
  })
  const all: ReadonlyArray<StepInput> = [
    ...plain,
    ...(waitMinutes === null
      ? []
      : [{ template: awaitedMail, waitUntil: { event: events.opened, timeout: `${waitMinutes} minutes` } }]),
    ...(when
      ? [
          { template: "for-pro", when: isPro },
          { template: "for-openers", when: { event: events.opened } },
        ]
      : []),
    ...(fork
      ? [
          {
            if: isPro,
            after: "1 minute",
            do: [
              { template: "do-first" },
              { if: { event: events.clicked }, do: [{ template: "do-clicked" }], else: [{ template: "do-silent" }] },
            ],
            else: [{ template: "else-first" }, { template: "else-second", after: "1 minute" }],
          },
          { template: "joined" },
        ]
      : []),
  ]
  return updateRunning && edition % 3 === 2 && all.length > 1 ? all.slice(0, -1) : all
}

/** When everybody who is known is enrolled. */
export const enrollingTime = (
  { epoch, timeZone }: { readonly epoch: number; readonly timeZone: string },
  timedMinutes: number,
): TimeOfDay => timeOfDay(timeZone, epoch + timedMinutes * 60_000)

/** What else a campaign says. */
export const sequenceOf = (
  { exit, goal, reentry, trigger, timedMinutes, hours, rounds }: SequenceOptions,
  place: { readonly epoch: number; readonly timeZone: string },
): Partial<CampaignInput> => ({
  ...(exit ? { exit: [events.exit] } : {}),
  ...(goal ? { goal: events.goal } : {}),
  ...(reentry ? { reentry: "always" } : {}),
  ...(trigger || timedMinutes !== null
    ? {
        triggers: [
          ...(trigger ? [{ event: events.trigger }] : []),
          ...(timedMinutes === null ? [] : [{ at: enrollingTime(place, timedMinutes).text }]),
        ],
      }
    : {}),
  ...(hours
    ? { calendar: { windows: openMinutesOf(place).map(([from, to]) => `${clockText(from)}-${clockText(to)}`) } }
    : {}),
  ...(rounds === null ? {} : { repeat: { cron: "*/4 * * * *", times: rounds } }),
})
