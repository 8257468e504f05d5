import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type CampaignHandle, type CommonOptions, createRuntime, type Runtime } from "sendstate"
import type {
  CampaignInput,
  ExecutionRow,
  RuntimeEvent,
  SendOutcome,
  Storage,
  Transport,
  TransportCapabilities,
} from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import {
  type MemoryTransport,
  type MemoryTransportOptions,
  memory as memoryTransport,
} from "sendstate/transport/memory"
import { onTestFinished } from "vitest"
import { campaign, renderer } from "./mail.ts"

export { campaign, crowd, people, renderer } from "./mail.ts"

/** A folder that is gone after the test. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "sendstate-runtime-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What the other side says. */
export const accepted: SendOutcome = { type: "accepted" }
export const lost: SendOutcome = { type: "unknown", stage: "data-sent" }
export const busy: SendOutcome = { type: "rejected", scope: "recipient", retryable: true, code: "450" }
export const gone: SendOutcome = { type: "rejected", scope: "recipient", retryable: false, code: "550" }
export const down: SendOutcome = { type: "rejected", scope: "host", retryable: true, code: "connection-refused" }
export const misconfigured: SendOutcome = {
  type: "rejected",
  scope: "config",
  retryable: false,
  code: "auth",
  response: "535 wrong password",
}

/** Something that a test lets happen when it wants to. */
export interface Door {
  readonly opened: Promise<void>
  readonly open: () => void
}

export const door = (): Door => {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

/** An other side that accepts each mail once the door is open. */
export const acceptsAfter = ({ opened }: Door): MemoryTransportOptions => ({
  outcome: async () => {
    await opened
    return accepted
  },
})

/** A transport made of one function, for what the `memory` transport would never do. */
export const transportOf = (
  send: Transport["send"],
  capabilities: Partial<TransportCapabilities> = {},
  more: Partial<Transport> = {},
): Transport => ({
  name: "scripted",
  capabilities: { maxConcurrency: 8, deadlineMs: 30_000, signalsHandoff: true, ...capabilities },
  send,
  ...more,
})

export interface WorldOptions extends CommonOptions {
  /** Of the `memory` transport, or another transport. */
  readonly transport?: MemoryTransportOptions | Transport
}

/** A runtime with everything that it touches. */
export interface World {
  readonly runtime: Runtime
  readonly storage: Storage
  /** The other side, where the transport is the `memory` one. */
  readonly inbox: MemoryTransport
  /** All events since the start. */
  readonly events: ReadonlyArray<RuntimeEvent>
  /** The first event for which it is true, past ones included. */
  readonly until: (isIt: (event: RuntimeEvent) => boolean) => Promise<RuntimeEvent>
  /** Executions of the campaign, by id. */
  readonly executions: (campaignId?: string) => Promise<ReadonlyArray<ExecutionRow>>
  /** The only execution of this lead. */
  readonly executionOf: (name: string) => Promise<ExecutionRow>
  /** Closes this runtime and starts another on the same store. */
  readonly restart: (changes?: WorldOptions) => Promise<World>
}

const isTransport = (transport: MemoryTransportOptions | Transport): transport is Transport => "send" in transport

const listen = (runtime: Runtime): Pick<World, "events" | "until"> => {
  const events: RuntimeEvent[] = []
  const waiting = new Set<(event: RuntimeEvent) => void>()
  const stream = runtime.events()
  void (async () => {
    for await (const event of stream) {
      events.push(event)
      for (const look of waiting) look(event)
    }
  })()
  return {
    events,
    until: (isIt) =>
      new Promise((resolve) => {
        const past = events.find(isIt)
        if (past !== undefined) return resolve(past)
        const look = (event: RuntimeEvent): void => {
          if (!isIt(event)) return
          waiting.delete(look)
          resolve(event)
        }
        waiting.add(look)
      }),
  }
}

/** Opens a runtime that is closed after the test: storage in memory, other side in memory, templates in memory. */
export const openWorld = async (options: WorldOptions = {}): Promise<World> => {
  const { transport = {}, ...rest } = options
  const storage = options.storage ?? memoryStorage()
  const used = isTransport(transport) ? transport : memoryTransport(transport)
  const runtime = await createRuntime({ renderer: renderer(), ...rest, storage, transport: used })
  onTestFinished(() => runtime.close({ deadlineMs: 0 }))
  const executions: World["executions"] = async (campaignId) => {
    const rows: ExecutionRow[] = []
    for await (const row of runtime.executions.list({ campaignId })) rows.push(row)
    return rows
  }
  return {
    runtime,
    storage,
    inbox: used as MemoryTransport,
    ...listen(runtime),
    executions,
    executionOf: async (name) => {
      const row = (await executions()).find(({ leadId }) => leadId.startsWith(`${name}@`))
      if (row === undefined) throw new Error(`${name} has no execution`)
      return row
    },
    restart: async (changes = {}) => {
      await runtime.close()
      return openWorld({ ...options, storage, transport: used, ...changes })
    },
  }
}

/** A world with one running campaign. */
export const openCampaign = async (
  definition: Partial<CampaignInput> = {},
  options: WorldOptions & { readonly speed?: number } = {},
): Promise<World & { readonly spring: CampaignHandle }> => {
  const { speed, ...worldOptions } = options
  const world = await openWorld(worldOptions)
  return { ...world, spring: await world.runtime.campaigns.create(campaign(definition), { speed }) }
}

/** Makes everything due that is planned. */
export const hurry = async (runtime: Runtime): Promise<void> => {
  for await (const { id } of runtime.executions.list({ states: ["scheduled"] }))
    await runtime.executions.reschedule(id, 0)
}

/** Whether the event says that this lead's execution came to this state. */
export const reaches =
  (state: ExecutionRow["state"]) =>
  (event: RuntimeEvent): boolean =>
    event.type === "execution" && event.state === state

/** Whether an execution heard of this. */
export const hears =
  (type: string) =>
  (event: RuntimeEvent): boolean =>
    event.type === "execution" && event.events.some((heard) => heard.type === type)

/** The error that the promise is rejected with. */
export const failureOf = async (promise: Promise<unknown>): Promise<{ readonly _tag: string; readonly code: string }> =>
  promise.then(
    () => {
      throw new Error("it succeeded")
    },
    (error: unknown) => error as { readonly _tag: string; readonly code: string },
  )
