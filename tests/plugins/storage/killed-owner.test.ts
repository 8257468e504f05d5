import { existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import { isConserved, type Storage } from "sendstate/sdk"
import { lowdb } from "sendstate/storage/lowdb"
import { sqlite } from "sendstate/storage/sqlite"
import { sampleRows } from "sendstate/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Owner } from "./child.ts"
import { temporaryFolder } from "./stores.ts"

const { claim, itemOf, noon, read, setCampaign } = sampleRows

const storages: Readonly<Record<string, (file: string) => Storage>> = { sqlite, lowdb }

describe.each(Object.entries(storages))("%s, when its owner is killed", (name, make) => {
  let folder: string
  let file: string
  const owners: Array<Owner> = []

  const start = (work: string): Owner => {
    const owner = new Owner(name, file, work)
    owners.push(owner)
    return owner
  }

  const open = async () => make(file).open({ mode: "own", now: () => noon })

  beforeEach(() => {
    folder = temporaryFolder()
    file = join(folder, "store")
  })

  afterEach(async () => {
    for (const owner of owners.splice(0)) await owner.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  it("keeps all that was acknowledged, is free at once, and its counts add up", async () => {
    const acknowledged = new Map<string, string>()
    for (const lines of [40, 75]) {
      const owner = start("sendAll")
      await owner.line(() => owner.said.length >= lines)
      await owner.kill()
      for (const line of owner.said.slice(1)) {
        const [what = "", id = ""] = line.split(" ")
        acknowledged.set(id, what)
      }
      const driver = await open()
      try {
        for (const [id, what] of acknowledged) {
          const row = await read(driver, id)
          expect(row).toMatchObject({ owner: null, leaseUntil: null })
          if (what === "sent") expect(row).toMatchObject({ state: "done", intent: null })
          // A receipt may have been written whose acknowledgement the kill cut off.
          if (what === "intent") expect(["sending.attempting", "done"]).toContain(row.state)
          const events = (await driver.history(id)).flatMap((entry) => entry.events.map((event) => event.type))
          if (what === "sent") expect(events).toEqual(["SCHEDULED", "DUE", "RENDERED", "ACCEPTED"])
        }
        const counts = await driver.counts("spring")
        expect(isConserved(counts)).toBe(true)
        expect(counts.rendering).toBe(0)
        expect(counts.planned).toBeGreaterThanOrEqual(acknowledged.size)
        expect(await driver.verify()).toEqual({ executions: counts.planned, problems: [] })
        // Every send without a receipt is due at once, so that it is known to be in doubt.
        const claimed = await claim(driver, { limit: 10_000 })
        expect(claimed.filter((row) => row.intent !== null)).toHaveLength(counts.sending)
        expect(claimed).toHaveLength(counts.sending + counts.scheduled)
      } finally {
        await driver.close()
      }
    }
    expect([...acknowledged.values()].filter((what) => what === "sent").length).toBeGreaterThan(20)
  })

  it("counts the claims of an execution that kills its process each time", async () => {
    const driver = await open()
    await setCampaign(driver, "running")
    await driver.enroll([itemOf("poison")])
    await driver.close()
    for (const claims of [1, 2, 3]) {
      const owner = start("die")
      await owner.exited()
      expect(owner.said.at(-1)).toBe(`claims ${claims}`)
    }
    const again = await open()
    expect((await read(again, "spring-poison-0")).claims).toBe(3)
    await again.close()
  })

  it("names its owner's pid to whoever else wants to own it, and is read beside it", async () => {
    const owner = start("listen")
    await owner.line((line) => line === "listening")
    await expect(open()).rejects.toMatchObject({ _tag: "StorageOwned", ownerPid: owner.pid, code: "owned" })
    const observer = await make(file).open({ mode: "observe", now: () => noon })
    const counts = await observer.counts("spring")
    // Leases are in the owner's memory: what it renders shows where it rests.
    expect(counts).toMatchObject({ planned: 2, scheduled: 2, rendering: 0 })
    expect(await observer.list({ limit: 10 })).toHaveLength(2)
    const request = { kind: "control", key: "pause", value: { campaign: "spring" } } as const
    if (make(file).capabilities.control) {
      expect(await observer.writeDocuments([request])).toEqual([{ type: "ok", version: 1 }])
      await owner.line((line) => line === "woken pause")
    } else await expect((async () => observer.writeDocuments([request]))()).rejects.toMatchObject({ code: "observer" })
    expect(await observer.nextDueAt()).toBe(noon)
    await observer.close()
    await owner.kill()
    const driver = await open()
    expect((await driver.documents("control", ["pause"]))[0]?.key).toBe(
      make(file).capabilities.control ? "pause" : undefined,
    )
    await driver.close()
  })

  it("does not open twice in one process either", async () => {
    const driver = await open()
    await expect(open()).rejects.toMatchObject({ _tag: "StorageOwned", ownerPid: process.pid })
    await driver.close()
    await (await open()).close()
  })

  it("has nothing to show where there is no store, and creates none", async () => {
    await expect((async () => make(file).open({ mode: "observe", now: () => noon }))()).rejects.toMatchObject({
      _tag: "NotFound",
    })
    expect(existsSync(file)).toBe(false)
  })
})
