import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { createRuntime } from "sendstate"
import { handlebars } from "sendstate/renderer/handlebars"
import { type Counts, isConserved } from "sendstate/sdk"
import { postgres } from "sendstate/storage/postgres"
import { memory } from "sendstate/transport/memory"
import { describe, expect, it, onTestFinished } from "vitest"
import { dropSchema, newSchema, noServer, serverUrl } from "./server.ts"

const worker = fileURLToPath(new URL("worker.ts", import.meta.url))

interface Shared {
  readonly schema: string
  /** Message-IDs that the other side has, in order. */
  readonly mails: () => ReadonlyArray<string>
  readonly start: (options?: { readonly count?: number; readonly leases?: object }) => Promise<ChildProcess>
}

const share = (): Shared => {
  const schema = newSchema()
  const folder = mkdtempSync(join(tmpdir(), "sendstate-shared-"))
  const ledger = join(folder, "ledger")
  const children: Array<ChildProcess> = []
  onTestFinished(async () => {
    for (const child of children) child.kill("SIGKILL")
    rmSync(folder, { recursive: true, force: true })
    await dropSchema(schema)
  })
  return {
    schema,
    mails: () => readFileSync(ledger, "utf8").split("\n").slice(0, -1),
    start: async ({ count = 0, leases = {} } = {}) => {
      const child = spawn(
        process.execPath,
        ["--conditions=sendstate-source", worker, serverUrl, schema, ledger, JSON.stringify(leases), String(count)],
        { stdio: ["ignore", "pipe", "inherit"] },
      )
      children.push(child)
      await new Promise<void>((resolve, reject) => {
        child.stdout?.once("data", () => resolve())
        child.once("exit", (code) => reject(new Error(`the worker ended with ${code}`)))
      })
      return child
    },
  }
}

/** A third process's view of the campaign. */
const watch = async (schema: string) => {
  const driver = await postgres({ url: serverUrl, schema }).open({ mode: "observe", now: () => 0 })
  onTestFinished(async () => driver.close())
  return {
    counts: async (): Promise<Counts> => driver.counts("spring"),
    ended: async (): Promise<number> => {
      const counts = await driver.counts("spring")
      expect(isConserved(counts)).toBe(true)
      return counts.sent + counts.failed + counts.cancelled
    },
    verify: async () => driver.verify(),
    rows: async () => driver.list({ campaignId: "spring", limit: 1_000 }),
  }
}

const copiesBeyondDoubts = async (view: Awaited<ReturnType<typeof watch>>, mails: ReadonlyArray<string>) => {
  const copies = new Map<string, number>()
  for (const id of mails) copies.set(id, (copies.get(id) ?? 0) + 1)
  const rows = await view.rows()
  const lost = rows.filter(({ id }) => !copies.has(`<${id}@acme.test>`)).length
  const unreported = rows.filter(
    ({ id, context }) => (copies.get(`<${id}@acme.test>`) ?? 0) - 1 > context.doubts,
  ).length
  return { lost, unreported }
}

describe.skipIf(noServer !== undefined)("two processes on one campaign", () => {
  it("share the work; one is killed: the other finishes soon, nothing is lost, every second copy was reported", async () => {
    const { schema, start, mails } = share()
    const first = await start({ count: 300 })
    await start()
    const view = await watch(schema)
    await expect.poll(view.ended, { timeout: 30_000 }).toBeGreaterThan(60)
    first.kill("SIGKILL")
    // Its leases are void once it is proven dead: long before they would end by themselves.
    await expect.poll(view.ended, { timeout: 50_000, interval: 200 }).toBe(300)
    expect(await copiesBeyondDoubts(view, mails())).toEqual({ lost: 0, unreported: 0 })
    expect(await view.verify()).toEqual({ executions: 300, problems: [] })
  }, 180_000)

  it("one is frozen until its leases have ended, and goes on: its late writes are refused, nothing is lost", async () => {
    const { schema, start, mails } = share()
    const leases = { claimMs: 2_000, graceMs: 1_000 }
    const first = await start({ count: 200, leases })
    await start({ leases })
    const view = await watch(schema)
    await expect.poll(view.ended, { timeout: 30_000 }).toBeGreaterThan(40)
    first.kill("SIGSTOP")
    await expect.poll(view.ended, { timeout: 100_000, interval: 200 }).toBe(200)
    const before = mails().length
    first.kill("SIGCONT")
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(await view.ended()).toBe(200)
    expect(await copiesBeyondDoubts(view, mails())).toEqual({ lost: 0, unreported: 0 })
    expect(mails().length - before).toBeLessThanOrEqual(4)
    expect(await view.verify()).toEqual({ executions: 200, problems: [] })
  }, 180_000)

  it("a pause in one process is followed by the other; so are a resume and a new campaign", async () => {
    const schema = newSchema()
    onTestFinished(() => dropSchema(schema))
    const open = async () => {
      const inbox = memory()
      const runtime = await createRuntime({
        storage: postgres({ url: serverUrl, schema }),
        transport: inbox,
        renderer: handlebars({ templates: { hello: { subject: "Hello", html: "<p>Hello</p>" } } }),
      })
      onTestFinished(() => runtime.close({ deadlineMs: 0 }))
      return { inbox, runtime }
    }
    const [here, there] = [await open(), await open()]
    const spring = await here.runtime.campaigns.create({
      id: "spring",
      from: "ann@acme.test",
      steps: [{ template: "hello" }],
    })
    await expect
      .poll(async () => (await there.runtime.campaigns.list()).map(({ state }) => state), { timeout: 10_000 })
      .toEqual(["running"])
    const remote = await there.runtime.campaigns.get("spring")
    await remote.pause()
    await expect.poll(() => spring.status().state, { timeout: 10_000 }).toBe("paused")
    await spring.enroll([{ email: "bob@x.test" }])
    expect((await spring.stats()).scheduled).toBe(1)
    await spring.resume()
    await expect.poll(async () => (await remote.stats()).sent, { timeout: 10_000 }).toBe(1)
    await remote.close()
    await expect.poll(() => spring.status().state, { timeout: 10_000 }).toBe("completed")
    expect(here.inbox.count + there.inbox.count).toBe(1)
  })
})
