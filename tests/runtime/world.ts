import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type CampaignHandle, createRuntime, type Runtime, type RuntimeOptions } from "sendstate"
import { handlebars } from "sendstate/renderer/handlebars"
import type {
  CampaignInput,
  ExecutionRow,
  LeadInput,
  Renderer,
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

/** A folder that is gone after the test. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "sendstate-runtime-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const real = handlebars({
  templates: {
    hello: { subject: "Hello {{lead.email}}", html: "<p>Hello {{lead.email}}</p>" },
    nudge: { subject: "Nudge {{lead.email}}", html: "<p>Still there, {{lead.email}}?</p>" },
    last: { subject: "Last {{lead.email}}", html: "<p>Good bye {{lead.email}}</p>" },
    picky: { subject: "Offer", html: "<p>Only for you, {{city}}</p>" },
    dated: { subject: "Dated", html: "<p>{{date now}}</p>" },
  },
})

const compiled = new Map<string, ReturnType<Renderer["compile"]>>()

/** The templates of all tests; `picky` needs a value that not every lead has. Each is compiled once per file. */
export const renderer = (changes: Partial<Renderer> = {}): Renderer => ({
  name: real.name,
  version: real.version,
  load: real.load,
  compile: (source, options) => {
    const known = compiled.get(source.name) ?? real.compile(source, options)
    compiled.set(source.name, known)
    return known
  },
  prepare: real.prepare,
  ...changes,
})

/** A campaign of one mail, changed as asked. */
export const campaign = (changes: Partial<CampaignInput> = {}): CampaignInput => ({
  id: "spring",
  from: "Ann <ann@acme.test>",
  steps: [{ template: "hello" }],
  retry: { base: "1 second", jitter: 0 },
  ...changes,
})

/** Leads by name, at `example.test`. */
export const people = (...names: ReadonlyArray<string>): ReadonlyArray<LeadInput> =>
  names.map((name) => ({ email: `${name}@example.test` }))

/** So many leads: `lead0@example.test` and on. */
export const crowd = (size: number): ReadonlyArray<LeadInput> =>
  Array.from({ length: size }, (_, index) => ({ email: `lead${index}@example.test` }))

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

export interface WorldOptions extends Omit<Partial<RuntimeOptions>, "transport"> {
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
