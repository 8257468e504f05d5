import { type CampaignInput, defineCampaign } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import { refusalOf, refusedFields } from "./refusal.ts"

const minimal: CampaignInput = { id: "spring", from: "ann@acme.test", steps: [{ template: "hello" }] }
const define = (more: object) => defineCampaign({ ...minimal, ...more })
const day = { from: 0, to: 1_440 }

describe("sending hours", () => {
  test("are the whole week by the lead's clock unless they say otherwise", () => {
    expect(define({ calendar: {} }).calendar).toEqual({
      zone: "lead",
      open: [day],
      weekdays: [0, 1, 2, 3, 4, 5, 6],
      holidays: [],
    })
    expect(define({}).calendar).toBeUndefined()
  })

  test("are the windows without the quiet hours, in order, each minute once", () => {
    const open = (windows: string | ReadonlyArray<string>, quietHours?: string) =>
      define({ calendar: { windows, quietHours } }).calendar?.open
    expect(open("09:00-17:30")).toEqual([{ from: 540, to: 1_050 }])
    expect(open(["14:00-17:00", "9:00-12:00", "11:00-13:00"])).toEqual([
      { from: 540, to: 780 },
      { from: 840, to: 1_020 },
    ])
    expect(open("22:00-02:00")).toEqual([
      { from: 0, to: 120 },
      { from: 1_320, to: 1_440 },
    ])
    expect(open("00:00-24:00", "21:00-08:00")).toEqual([{ from: 480, to: 1_260 }])
    expect(open("08:00-12:00, 13:00-18:00", "11:30-13:30")).toEqual([
      { from: 480, to: 690 },
      { from: 810, to: 1_080 },
    ])
  })

  test("know days by name, short or long, one by one or as a range over Sunday", () => {
    const days = (weekdays: string | ReadonlyArray<string>) => define({ calendar: { weekdays } }).calendar?.weekdays
    expect(days("mon-fri")).toEqual([1, 2, 3, 4, 5])
    expect(days("Tue, thursday")).toEqual([2, 4])
    expect(days(["sat-mon"])).toEqual([0, 1, 6])
  })

  test.each([
    ["windows", { windows: "9-17" }],
    ["windows", { windows: "09:00-25:00" }],
    ["windows", { windows: "09:00-09:00" }],
    ["windows", { windows: "10:00-11:00", quietHours: "09:00-12:00" }],
    ["quietHours", { quietHours: "night" }],
    ["weekdays", { weekdays: "m" }],
    ["weekdays", { weekdays: "mon-fri-sun" }],
    ["holidays.0", { holidays: ["2026-02-30"] }],
    ["holidays.0", { holidays: ["Christmas"] }],
    ["zone", { zone: "Europe/Paris" }],
    ["", { window: "09:00-17:00" }],
  ])("that cannot be are refused at %s", (field, calendar) => {
    expect(refusedFields(() => define({ calendar }))).toEqual([field === "" ? "calendar" : `calendar.${field}`])
  })

  test("a leap day is a holiday too", () => {
    expect(define({ calendar: { holidays: ["02-29"] } }).calendar?.holidays).toEqual(["02-29"])
  })
})

describe("a step's moment", () => {
  const on = (text: string) => define({ steps: [{ template: "hello", on: text }] }).steps[0]?.on

  test.each([
    ["next day at 09:00", { day: { type: "next" }, minute: 540 }],
    ["the next day at 9:00", { day: { type: "next" }, minute: 540 }],
    ["Monday at 09:30", { day: { type: "weekday", weekday: 1 }, minute: 570 }],
    ["next sun at 00:00", { day: { type: "weekday", weekday: 0 }, minute: 0 }],
    ["day 31 at 10:00", { day: { type: "monthday", monthday: 31 }, minute: 600 }],
    ["2026-12-24 16:00", { day: { type: "date", date: "2026-12-24" }, minute: 960 }],
    ["at 23:59", { day: { type: "any" }, minute: 1_439 }],
    ["09:00", { day: { type: "any" }, minute: 540 }],
  ])("%s", (text, moment) => {
    expect(on(text)).toEqual(moment)
  })

  test.each([
    "tomorrow",
    "at 9",
    "at 24:00",
    "monday",
    "2026-02-30 at 09:00",
    "day 0 at 09:00",
    "day 32 at 09:00",
    "someday at 09:00",
    `${" ".repeat(1_000)}x`,
  ])("%s is refused with what to write", (text) => {
    const refusal = refusalOf(() => on(text))
    expect(refusal.issues[0]?.path).toBe("steps.0.on")
    expect(refusal.message).toContain("next day at 09:00")
  })
})

describe("a campaign that comes again", () => {
  test("says when, how often and until when", () => {
    expect(define({ repeat: "0 9 * * mon" }).repeat).toEqual({ cron: "0 9 * * mon", times: null, until: null })
    expect(define({ repeat: { cron: "0 9 1 * *", times: 3, until: "2027-01-01" } }).repeat).toEqual({
      cron: "0 9 1 * *",
      times: 3,
      until: Date.UTC(2027, 0, 1),
    })
  })

  test.each([
    ["repeat.cron", "every monday"],
    ["repeat.cron", "* * * * * *"],
    ["repeat.cron", "0 25 * * *"],
    ["repeat.cron", "0 9 30 2 *"],
    ["repeat.cron", "0 9 31 2,4,6,9,11 *"],
    ["repeat.times", { cron: "0 9 * * *", times: 0 }],
    ["repeat.until", { cron: "0 9 * * *", until: "soon" }],
    ["repeat.until", { cron: "0 9 * * *", until: "2027-02-30" }],
    ["repeat.until", { cron: "0 9 * * *", until: "2027-11-31T09:00:00Z" }],
  ])("is refused at %s for %j", (field, repeat) => {
    expect(refusedFields(() => define({ repeat }))).toEqual([field])
  })
})

test("a cron expression that never comes is refused, and says so; one that seldom comes is taken", () => {
  const never = (definition: object) => refusalOf(() => define(definition)).message
  expect(never({ repeat: "0 9 30 2 *" })).toContain('"0 9 30 2 *" never comes')
  expect(never({ triggers: [{ at: "0 9 31 2 *" }] })).toContain('triggers.0.at: "0 9 31 2 *" never comes')
  expect(define({ repeat: "0 9 29 2 *" }).repeat).toMatchObject({ cron: "0 9 29 2 *" })
  // Either the day of the month or that of the week: Mondays come.
  expect(define({ triggers: [{ at: "0 9 30 2 mon" }] }).triggers).toEqual([{ at: { cron: "0 9 30 2 mon" } }])
})

test("what is late is late after an hour, unless the campaign says otherwise", () => {
  expect(define({ late: "skip" }).late).toEqual({ policy: "skip", afterMs: 3_600_000 })
  expect(define({ late: { policy: "shift", after: "2 days" } }).late).toEqual({ policy: "shift", afterMs: 172_800_000 })
  expect(refusedFields(() => define({ late: "drop" }))).toEqual(["late.policy"])
})
