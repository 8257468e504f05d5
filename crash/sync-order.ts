import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import type { LifeOptions } from "./life.ts"
import type { StorageName } from "./stores.ts"

const life = fileURLToPath(new URL("life.ts", import.meta.url))

/** What the system calls of one run show. */
export interface SyncOrder {
  readonly storage: string
  readonly mails: number
  /** Mails whose intent was written and synced before their first SMTP byte. */
  readonly inOrder: number
  readonly problems: ReadonlyArray<string>
}

type Call =
  | { readonly type: "write"; readonly path: string; readonly text: string }
  | { readonly type: "sync"; readonly path: string }
  | { readonly type: "smtp"; readonly socket: string; readonly text: string }

// `1234 pwrite64(21</tmp/x/store.db-wal>, "...", 4120, 8272) = 4120`; sockets are `<TCP:[...]>`.
const line = /^\d+ +(\w+)\((\d+)<((?:->|[^>])*)>(?:, (.*))?/

const callOf = (text: string, folder: string): Call | undefined => {
  const [, name = "", , target = "", rest = ""] = line.exec(text) ?? []
  if (/^f(data)?sync$/.test(name)) return target.startsWith(folder) ? { type: "sync", path: target } : undefined
  if (!/^(write|writev|pwrite64|pwritev|sendto|sendmsg)$/.test(name)) return undefined
  if (target.startsWith("TCP:")) return { type: "smtp", socket: target, text: rest }
  return target.startsWith(folder) ? { type: "write", path: target, text: rest } : undefined
}

// A call that another thread interrupted stands in two lines: what it was asked is in the first, when it was done in the second.
const wholeCalls = (trace: string): ReadonlyArray<string> => {
  const begun = new Map<string, string>()
  return trace.split("\n").map((text) => {
    const pid = text.split(" ", 1)[0] ?? ""
    if (text.endsWith("<unfinished ...>")) {
      begun.set(pid, text.replace(/ *<unfinished \.\.\.>$/, ""))
      return ""
    }
    const resumed = /<\.\.\. (\w+) resumed>/.exec(text)
    return resumed === null ? text : (begun.get(pid) ?? "")
  })
}

/** For each mail: was its execution written to the store, and that file synced, before its MAIL FROM went out? */
const judge = (storage: string, trace: string, folder: string): SyncOrder => {
  const intents: Array<{ readonly path: string; readonly at: number; readonly text: string }> = []
  const syncs: Array<{ readonly path: string; readonly at: number }> = []
  const isSynced = (file: string, from: number, until: number): boolean =>
    syncs.some(({ path, at }) => path === file && at > from && at < until)
  const greeted = new Map<string, number>()
  const problems: Array<string> = []
  let previous = -1
  let mails = 0
  let inOrder = 0
  for (const [at, text] of wholeCalls(trace).entries()) {
    const call = callOf(text, folder)
    if (call === undefined) continue
    if (call.type === "sync") syncs.push({ path: call.path, at })
    else if (call.type === "write") {
      // Intents name their state; what was written when the lead was enrolled does not.
      if (call.text.includes("sending.attempting")) intents.push({ path: call.path, at, text: call.text })
    } else if (/MAIL FROM/.test(call.text)) greeted.set(call.socket, at)
    const id = call.type === "smtp" ? /Message-ID: <([0-9a-v]{24})@/i.exec(call.text)?.[1] : undefined
    if (id === undefined || call.type !== "smtp") continue
    mails += 1
    const first = greeted.get(call.socket) ?? at
    // Since the mail before: one goes out at a time, so no other row of that page is being sent.
    const since = previous
    const intent = intents.find(({ at: when, text: pages }) => when > since && when < first && pages.includes(id))
    previous = at
    if (intent === undefined) problems.push(`${id}: its intent was not written before its first byte`)
    else if (!isSynced(intent.path, intent.at, first))
      problems.push(`${id}: its intent was not synced before its first byte`)
    else inOrder += 1
  }
  return { storage, mails, inOrder, problems }
}

/**
 * Runs a campaign under strace and reads from its system calls that each intent was synced before the mail's first SMTP
 * byte. A spy on `node:fs` cannot see SQLite's own calls. One mail at a time, so that the order of calls is theirs.
 */
export const checkSyncOrder = (storage: StorageName, smtp: string): SyncOrder => {
  const folder = mkdtempSync(join(tmpdir(), "sendstate-sync-"))
  try {
    const trace = join(folder, "trace")
    const options: LifeOptions = {
      storage,
      folder,
      smtp,
      onUnknown: "hold",
      leads: Array.from({ length: 12 }, (_, index) => `lead${index}@x.test`),
      acknowledged: join(folder, "acknowledged"),
      kill: null,
      connections: 1,
    }
    const calls = "trace=write,writev,pwrite64,pwritev,fsync,fdatasync,sendto,sendmsg"
    const { status, stderr } = spawnSync(
      "strace",
      [
        "-f",
        "-yy",
        "-s",
        "4000000",
        "-e",
        calls,
        "-o",
        trace,
        process.execPath,
        "--conditions=sendstate-source",
        life,
        JSON.stringify(options),
      ],
      { encoding: "utf8", timeout: 120_000, maxBuffer: 1 << 26 },
    )
    if (status !== 0)
      return { storage, mails: 0, inOrder: 0, problems: [`strace ended with ${status}: ${stderr.slice(-500)}`] }
    return judge(storage, readFileSync(trace, "latin1"), folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
