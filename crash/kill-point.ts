import process from "node:process"
import type { Commit, Storage, StorageDriver, Transport } from "sendstate/sdk"

/** A moment of the send protocol at which the process dies. */
export const killPoints = [
  /** By somebody else, after a random time. */
  "random",
  /** Leads are stored, and nobody was told. */
  "before-enroll-answer",
  /** Rows are claimed, nothing has happened to them. */
  "after-claim",
  /** An intent is durable, the transport was not called. */
  "after-intent",
  /** The mail is on its way: the connection is handed the final dot. */
  "at-handoff",
  /** The sink has answered 250, the receipt is not durable. */
  "before-receipt",
  /** The receipt is durable, nobody was told. */
  "after-receipt",
  /** What a last owner left is being settled, or was just settled. */
  "in-recovery",
] as const

export type KillPoint = (typeof killPoints)[number]

/** Dies at the n-th time that this is called. */
export const fuse = (count: number): (() => void) => {
  let left = count
  return () => {
    left -= 1
    // Not an exit: no handler, no finally, no flush.
    if (left === 0) process.kill(process.pid, "SIGKILL")
  }
}

const isRecovery = ({ events }: Commit): boolean =>
  events.some((event) => event.type === "UNKNOWN" && event.stage === "owner-gone")

const watched = (driver: StorageDriver, point: KillPoint, die: () => void): StorageDriver => ({
  ...driver,
  enroll: async (items) => {
    const results = await driver.enroll(items)
    if (point === "before-enroll-answer") die()
    return results
  },
  claimDue: async (request) => {
    const rows = await driver.claimDue(request)
    if (point === "after-claim" && rows.length > 0) die()
    return rows
  },
  commit: async (commits, now) => {
    const results = await driver.commit(commits, now)
    if (point === "after-intent" && commits.some(({ intent }) => intent !== null)) die()
    if (point === "after-receipt" && commits.some(({ receipt }) => receipt)) die()
    if (point === "in-recovery" && commits.some(isRecovery)) die()
    return results
  },
})

/** The storage, with a process that dies at the point. */
export const withKillPoint = (storage: Storage, point: KillPoint, die: () => void): Storage => ({
  ...storage,
  // It waits in between now.
  capabilities: { ...storage.capabilities, sync: false },
  open: async (options) => watched(await storage.open(options), point, die),
})

/** The transport, with a process that dies at the point. */
export const sendingWithKillPoint = (transport: Transport, point: KillPoint, die: () => void): Transport => ({
  ...transport,
  send: async (message, context) => {
    const outcome = await transport.send(message, {
      ...context,
      handoff: () => {
        context.handoff()
        // After the dot is written, in a turn or two.
        if (point === "at-handoff") setImmediate(die)
      },
    })
    if (point === "before-receipt" && outcome.type === "accepted") die()
    return outcome
  },
})
