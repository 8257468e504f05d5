import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { createTransport } from "nodemailer"
import { openStore } from "sendstate"
import { buckets, type Counts, isConserved } from "sendstate/sdk"
import { sqlite } from "sendstate/storage/sqlite"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const cli = fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url))
let folder = ""

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sendstate-test-demo-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Demo {
  readonly child: ChildProcess
  /** Where the inbox listens. */
  readonly url: Promise<string>
  /** When it has ended. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }>
}

const start = (...args: ReadonlyArray<string>): Demo => {
  const child = spawn(process.execPath, ["--conditions=sendstate-source", cli, "demo", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  let said = ""
  const url = new Promise<string>((resolve, reject) => {
    const listen = (piece: Buffer): void => {
      said += piece.toString()
      const [found] = /smtp:\/\/127\.0\.0\.1:\d+/.exec(said) ?? []
      if (found !== undefined) resolve(found)
    }
    child.stdout.on("data", listen)
    child.stderr.on("data", listen)
    child.on("close", () => reject(new Error(`ended without an inbox: ${said}`)))
  })
  url.catch(() => {})
  const ended = (async () => {
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
    return { exitCode: child.exitCode, stdout, stderr }
  })()
  return { child, url, ended }
}

interface Result extends Counts {
  readonly ok: boolean
  readonly enrolled: number
  readonly inbox: Readonly<
    Record<"mails" | "refused550" | "greylisted450" | "busy451" | "replyLost" | "mailLost", number>
  >
  readonly differences: ReadonlyArray<string>
}

const resultOf = (stdout: string): Result => JSON.parse(stdout.trim().split("\n").at(-1) ?? "")

// Each is a whole process that sends real mail: seconds alone, more beside others.
describe.concurrent("sendstate demo", { timeout: 90_000 }, () => {
  it("meets every failure on purpose and reports what the inbox has, mail by mail", async () => {
    const database = join(folder, "whole.db")
    const { exitCode, stdout, stderr } = await start("--json", "--leads", "150", "--db", database).ended
    expect(stderr).not.toContain("error")
    const result = resultOf(stdout)
    expect(result.differences).toEqual([])
    expect(exitCode).toBe(0)
    expect(stdout.trim().split("\n")).toHaveLength(1)

    expect(result.enrolled).toBe(150)
    expect(isConserved(result)).toBe(true)
    expect(result.sent + result.failed).toBe(result.planned)
    for (const trouble of ["refused550", "greylisted450", "busy451", "replyLost", "mailLost"] as const)
      expect(result.inbox[trouble], trouble).toBeGreaterThan(0)
    expect(result.inDoubtTotal).toBe(result.inbox.replyLost + result.inbox.mailLost)
    expect(result.failed).toBe(result.inbox.refused550)
    // Each lost reply is a second copy, since the mail had been kept; a lost mail is none.
    expect(result.inbox.mails).toBe(result.sent + result.inbox.replyLost)

    const store = await openStore(sqlite(database))
    const [kept] = await store.campaigns()
    await store.close()
    for (const bucket of buckets) expect(kept?.counts[bucket], bucket).toBe(result[bucket])
  })

  it("does not end well when the inbox has a mail that the store knows nothing of", async () => {
    const demo = start("--json", "--leads", "5", "--db", join(folder, "stray.db"))
    const stranger = createTransport(await demo.url)
    await stranger.sendMail({
      from: "stranger@other.example",
      to: "somebody@mail.example",
      subject: "I was not planned",
      text: "at all",
      messageId: "<stray@other.example>",
    })
    stranger.close()
    const { exitCode, stdout } = await demo.ended
    expect(resultOf(stdout).differences).toEqual(["<stray@other.example>: 1 in the inbox, unknown to the store"])
    expect(exitCode).toBe(1)
  })

  it("drains at Ctrl-C and says so in its exit code", async () => {
    const demo = start("--leads", "300", "--db", join(folder, "interrupted.db"))
    await demo.url
    demo.child.kill("SIGINT")
    const { exitCode } = await demo.ended
    expect(exitCode).toBe(130)
  })

  it("refuses a database that is there: the inbox that it would be compared with is gone", async () => {
    const database = join(folder, "old.db")
    await writeFile(database, "")
    const { exitCode, stderr } = await start("--db", database).ended
    expect(stderr).toContain(`${database} exists`)
    expect(exitCode).toBe(1)
  })
})
