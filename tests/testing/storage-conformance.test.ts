import { describe as nodeDescribe, it as nodeIt } from "node:test"
import { type StoreSubject, storageConformance, type TestRunner } from "sendstate/testing"
import { describe, expect, it } from "vitest"
import { processBreaks } from "./broken-processes.ts"
import { breaks, brokenSubjects, subjectOf } from "./broken-stores.ts"
import { failuresOf, testsOf } from "./collecting-runner.ts"
import { sharedSubject } from "./shared-store.ts"

type Create = () => StoreSubject

const suite = (create: Create) => (runner: TestRunner) =>
  storageConformance(runner, { name: "store", create, stories: 40 })

const brokenStores: Readonly<Record<string, Create>> = {
  ...Object.fromEntries(Object.entries(breaks).map(([name, broken]) => [name, subjectOf(broken)])),
  ...brokenSubjects,
  ...Object.fromEntries(Object.entries(processBreaks).map(([name, broken]) => [name, sharedSubject(broken)])),
}

/** How the name of the rule begins that each of them breaks. */
const brokenRules: Readonly<
  Record<keyof typeof breaks | keyof typeof brokenSubjects | keyof typeof processBreaks, string>
> = {
  "enroll is not idempotent": "enrolling > stores lead, enrollment and first execution together",
  "enroll changes a known lead": "enrolling > does not change the data of a lead that is known",
  "a new execution is stored with another time": "enrolling > starts an execution as scheduled",
  "campaigns share their numbers": "enrolling > keeps the numbers of campaigns apart",
  "a claim gives more than was asked for": "claiming > gives what is due, earliest first, never more than asked",
  "a claim takes what is not due yet": "claiming > gives what is due, earliest first",
  "a claim ignores the campaigns asked for": "claiming > claims only in the campaigns that are named",
  "a paused campaign goes on": "claiming > starts nothing in a campaign that does not run",
  "a claim looks only behind what it gave before": "claiming > finds a row that becomes due earlier",
  "a lease never ends": "claiming > gives a row to nobody else until its lease is over",
  "a renewal shortens the lease": "claiming > extends a lease",
  "a renewal of a lost lease is confirmed": "claiming > extends a lease, but not one that is lost",
  "a release leaves the lease": "claiming > takes a lease back",
  "nextDueAt knows no leases": "claiming > says when the next row is due, ends of leases included",
  "counts forget what is leased": "claiming > shows a leased row without intent as rendering",
  "a commit does not compare the token": "committing > compares token and version",
  "a commit does not compare the version": "committing > compares token and version",
  "an intent is not refused for a suppression or a pause": "committing > refuses an intent in the same step",
  "a commit is not refused for a flag": "committing > refuses every commit but a receipt while a flag waits",
  "a receipt is refused for a flag": "committing > never refuses a receipt for a flag",
  "the next step is planned in a second write, or not at all": "committing > inserts the next step in the step",
  "the history is not written with the state": "committing > writes state, context, intent and history in one step",
  "an enrollment's end is forgotten": "committing > ends the lease with the receipt",
  "a lease is given back with the intent": "committing > takes a receipt that comes after the end of the lease",
  "one element of a batch decides for all": "committing > decides each element of a batch by itself",
  "a signal does not compare": "signalling > refuses to act on a row that is not any more as it was read",
  "a signal forgets the flag": "signalling > waits on a row that somebody holds",
  "a list ignores its filter": "reading > lists by campaign, lead, column and reason",
  "pages overlap": "reading > lists page by page, each row once",
  "the change log skips an entry": "reading > gives the change log complete and in order",
  "pruning loses the counts": "reading > prunes what ended before",
  "verify finds fault with itself": "reading > finds nothing to object to in itself",
  "a document's version is not compared": "documents > have versions that each write raises",
  "documents are listed in no order": "documents > are listed by key",
  "texts of documents are written in one encoding and read in another": "documents > keep every character",
  "an erased lead is still there": "documents > of a lead are gone after erasing it",
  "erasing keeps the lead's id in its executions": "documents > of a lead are gone after erasing it",
  "it answers after it was closed": "opening and closing > answers nothing any more once it is closed",
  "it declares sync and answers later": "opening and closing > answers as it says",
  "claims of who was killed are not counted": "opening and closing > frees all rows at once after a crash",
  "what was acknowledged dies with its process": "opening and closing > finds what was acknowledged after a crash",
  "two processes get the same row": "two processes > never get the same row",
  "the lease of a process that is gone is never over": "two processes > take over a row when its lease is over",
  "who closes gives back the leases of all": "two processes > keep their leases when the other one closes",
  "each process enrolls for itself": "two processes > enroll the same leads at once",
  "of two commits the later one wins": "two processes > write one row at the same time",
  "a process does not hear of suppressions and pauses": "two processes > suppress and pause against each other",
  "a wish for the row of another one is lost": "two processes > signal each other's rows",
  "what is written meanwhile is missing in the change log": "two processes > see one change log",
  "each process counts what it did itself": "two processes > count together what each of them did",
}

const whole = subjectOf(undefined)
const failures = new Map<string, Promise<ReadonlyArray<string>>>()

const failuresWith = (name: string): Promise<ReadonlyArray<string>> => {
  const found = failures.get(name) ?? failuresOf(suite(brokenStores[name] ?? whole))
  failures.set(name, found)
  return found
}

describe("the suite fails for a store with one rule broken", () => {
  it("and for none that keeps them all, a wrapped one and a shared one included", async () => {
    expect(await failuresOf(suite(whole))).toEqual([])
    expect(await failuresOf(suite(subjectOf(() => ({}))))).toEqual([])
    expect(await failuresOf(suite(sharedSubject()))).toEqual([])
  })

  it.each(Object.entries(brokenRules))("%s: %s", async (name, rule) => {
    expect(Object.keys(brokenStores)).toContain(name)
    expect(await failuresWith(name)).toContainEqual(expect.stringContaining(rule))
  })

  it("and each of its rules fails for one of them", async () => {
    const red = new Set((await Promise.all(Object.keys(brokenStores).map(failuresWith))).flat())
    const rules = new Set([...testsOf(suite(whole)), ...testsOf(suite(sharedSubject()))])
    expect([...rules].filter((rule) => !red.has(rule))).toEqual([])
    expect(rules.size).toBeGreaterThan(60)
  })
})

it("takes the functions of node:test as they are", () => {
  const runner: TestRunner = { describe: nodeDescribe, it: nodeIt }
  expect(typeof runner.it.skip).toBe("function")
})
