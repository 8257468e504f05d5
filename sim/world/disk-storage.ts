import {
  documentStorage,
  type RecordChange,
  type Storage,
  StorageError,
  type VerifyReport,
} from "../../src/sdk/index.ts"
import type { Chance } from "../chance.ts"
import type { DiskFault, Faults } from "../faults/faults.ts"
import type { SimOptions } from "../options.ts"
import type { Disk } from "./disk.ts"
import { type Host, never } from "./host.ts"
import type { Story } from "./story.ts"

const refused = (code: string): StorageError =>
  new StorageError({
    storage: "simulated",
    code,
    retryable: true,
    indeterminate: false,
    message: `The disk refuses on purpose: ${code}.`,
  })

/** What an error says where nobody knows how far the write came. */
const inputOutputError = (): Error => new Error("EIO")

const failBefore = (fault: DiskFault): void => {
  if (fault === "full" || fault === "refused") throw refused(fault === "full" ? "full" : "unavailable")
  if (fault === "failed") throw inputOutputError()
}

/** The one-process storage of production on a simulated disk. */
export const diskStorage = (
  world: { readonly faults: Pick<Faults, "disk">; readonly story: Story },
  host: Host,
  disk: Disk,
  options: SimOptions["disk"],
  chance: Chance,
  isSync: boolean,
): Storage => {
  const later = async (batch: ReadonlyArray<RecordChange>): Promise<void> => {
    const fault = world.faults.disk()
    if (fault !== "none") world.story.tell(`${host.name} disk: ${fault}`)
    await host.after(fault === "slow" ? chance.between(1_000, 60_000) : chance.latencyMs(options.latencyMs))
    await host.pass("before a write")
    failBefore(fault)
    // It may have died since it passed, by what it did at the same time.
    if (!host.isAlive) return never()
    disk.append(batch)
    await host.pass("before a sync")
    await host.after(options.latencyMs)
    await host.pass("in a sync")
    if (fault === "unsynced") throw inputOutputError()
    disk.sync()
    await host.pass("after a sync")
    if (fault === "answerLost") throw inputOutputError()
  }

  const atOnce = (batch: ReadonlyArray<RecordChange>): void => {
    const fault = world.faults.disk()
    if (fault !== "none") world.story.tell(`${host.name} disk: ${fault}`)
    host.passNow("before a write")
    failBefore(fault)
    disk.append(batch)
    host.passNow("before a sync")
    if (fault === "unsynced") throw inputOutputError()
    disk.sync()
    host.passNow("after a sync")
    if (fault === "answerLost") throw inputOutputError()
  }

  return documentStorage({
    name: "simulated",
    durability: "fsync",
    sync: isSync,
    open: () => ({ load: () => disk.load(), write: isSync ? atOnce : later }),
  })
}

/** What the production check says about what is on a disk. */
export const verifyDisk = async (disk: Disk): Promise<VerifyReport> => {
  const storage = documentStorage({
    name: "simulated",
    durability: "fsync",
    open: () => ({ load: () => disk.load(), write: () => undefined }),
  })
  const driver = await storage.open({ mode: "observe", now: () => 0 })
  return driver.verify()
}
