/**
 * A process that owns a store and works in it, to be killed: `owner-process.ts STORAGE FILE WORK`. Writes a line for
 * each thing that was acknowledged to it, in the moment that it was.
 */
import { writeSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import type { StorageDriver } from "sendstate/sdk"
import { lowdb } from "sendstate/storage/lowdb"
import { sqlite } from "sendstate/storage/sqlite"
import { sampleRows } from "sendstate/testing"

const { claim, intentOf, itemOf, noon, read, sentOf, setCampaign } = sampleRows

const say = (...words: ReadonlyArray<string | number>): void => void writeSync(1, `${words.join(" ")}\n`)

const sendAll = async (driver: StorageDriver): Promise<void> => {
  for (let batch = 0; ; batch++) {
    const names = Array.from({ length: 5 }, (_, index) => `lead-${process.pid}-${batch}-${index}`)
    await driver.enroll(names.map((name) => itemOf(name)))
    for (const name of names) say("enrolled", `spring-${name}-0`)
    // What another owner was killed amid is in doubt: it is not sent again here.
    const rows = (await claim(driver, { limit: 5 })).filter((row) => row.intent === null)
    const intents = rows.map((row) => intentOf(row))
    const begun = await driver.commit(intents, noon)
    for (const [index, row] of rows.entries()) if (begun[index]?.type === "ok") say("intent", row.id)
    for (const row of rows.slice(0, 4)) {
      await driver.commit([sentOf(await read(driver, row.id))], noon)
      say("sent", row.id)
    }
  }
}

/** Renders a poison execution: the process dies of it. */
const die = async (driver: StorageDriver): Promise<void> => {
  const rows = await claim(driver)
  say("claims", ...rows.map((row) => row.claims))
  process.kill(process.pid, "SIGKILL")
}

const listen = async (driver: StorageDriver): Promise<void> => {
  driver.wakeups?.(async () => {
    const requests = await driver.listDocuments("control", { limit: 9 })
    say("woken", ...requests.map(({ key }) => key))
  })
  await driver.enroll([itemOf("ann"), itemOf("bob")])
  await claim(driver, { limit: 1 })
  say("listening")
  await setTimeout(30_000)
}

const works: Readonly<Record<string, (driver: StorageDriver) => Promise<void>>> = { sendAll, die, listen }

const main = async ([storage, file = "", work = ""]: ReadonlyArray<string>): Promise<void> => {
  const driver = await (storage === "lowdb" ? lowdb(file) : sqlite(file)).open({ mode: "own", now: () => noon })
  await setCampaign(driver, "running")
  say("open", process.pid)
  await works[work]?.(driver)
}

void main(process.argv.slice(2))
