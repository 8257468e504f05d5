import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  type CampaignExecution,
  type CompatOptions,
  compat,
  configureCompat,
  type HostLead,
  resetCompat,
} from "sendstate/compat"
import { handlebars } from "sendstate/renderer/handlebars"
import type { Renderer, SendOutcome, Storage } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { sqlite } from "sendstate/storage/sqlite"
import { type MemoryTransport, memory as memoryTransport } from "sendstate/transport/memory"
import { afterEach, describe } from "vitest"

/** The storages that answer at once: every service is tested on each. */
const stores: Readonly<Record<string, (folder: string) => Storage>> = {
  memory: () => memoryStorage(),
  sqlite: (folder) => sqlite(join(folder, "compat.db")),
}

const page = (text: string) => ({ subject: `${text} {{firstName}}`, html: `<p>${text} {{firstName}} {{lastName}}</p>` })

const shared = handlebars({
  templates: {
    hello: page("Hello"),
    nudge: page("Nudge"),
    picky: { subject: "Picky", html: "<p>{{city}}</p>" },
    welcome_application: page("Welcome"),
    followup_24h: page("One day later"),
    followup_3day: page("Three days later"),
    followup_7day: page("A week later"),
  },
})

export const ann: HostLead = { id: "ann", email: "ann@example.test", name: "Ann van Example", status: "new" }
export const bob: HostLead = { id: "bob", email: "bob@example.test", name: "Bob", status: "new" }

export const busy: SendOutcome = {
  type: "rejected",
  scope: "recipient",
  retryable: true,
  code: "450",
  response: "450 busy",
}
export const gone: SendOutcome = {
  type: "rejected",
  scope: "recipient",
  retryable: false,
  code: "550",
  response: "550 gone",
}

// One for all tests, never closed: compiling costs a worker.
const renderer: Renderer = {
  name: shared.name,
  version: shared.version,
  load: shared.load,
  compile: shared.compile,
  prepare: shared.prepare,
}

/** Far away. */
export const later = new Date("2090-01-01T00:00:00Z")
/** Long ago: due at once. */
export const past = new Date("2020-01-01T00:00:00Z")

/** What the tests of one storage work with; `configure` once in each test. */
export interface Engine {
  readonly inbox: MemoryTransport
  readonly warnings: ReadonlyArray<string>
  /** Stops this process's engine without a word and starts again on the same store. */
  readonly restart: (changes?: CompatOptions) => Promise<void>
}

let storage: Storage
let folders: string[] = []

/** Configures the singletons anew: two leads, an active and an inactive campaign. */
export const configure = async (
  storageName: string,
  options: CompatOptions & { readonly outcome?: (attempt: number, to: string) => SendOutcome } = {},
): Promise<Engine> => {
  const folder = mkdtempSync(join(tmpdir(), "sendstate-compat-"))
  folders.push(folder)
  const { outcome, ...rest } = options
  storage = rest.storage ?? stores[storageName]?.(folder) ?? memoryStorage()
  const inbox = memoryTransport({
    outcome: (message, { attempt }) => outcome?.(attempt, message.to.address) ?? { type: "accepted" },
  })
  const warnings: string[] = []
  const given: CompatOptions = {
    storage,
    transport: inbox,
    renderer,
    from: "Ann <ann@acme.test>",
    warn: (text) => warnings.push(text),
    ...rest,
  }
  configureCompat(given)
  if (rest.leads === undefined) for (const lead of [ann, bob]) await compat.leads.put(lead)
  if (rest.campaigns === undefined) {
    await compat.campaigns.put({ id: "spring", status: "active" })
    await compat.campaigns.put({ id: "winter", status: "paused" })
  }
  return {
    inbox,
    warnings,
    restart: async (changes = {}) => {
      await resetCompat()
      configureCompat({ ...given, ...changes })
    },
  }
}

/** Waits until it is so; for what another fiber does. */
export const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  const { setTimeout: sleep } = await import("node:timers/promises")
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (await isSo()) return
    await sleep(10)
  }
  throw new Error("it did not come to pass")
}

/** An execution in the host's own words. */
export const executionOf = (changes: Partial<CampaignExecution> = {}): CampaignExecution => ({
  id: "execution-1",
  campaignId: "spring",
  leadId: "ann",
  templateId: "hello",
  scheduledFor: later,
  status: "scheduled",
  attempts: 0,
  ...changes,
})

/** The same tests on every storage that answers at once. */
export const onEachStorage = (body: (storageName: string) => void): void => {
  describe.each(Object.keys(stores))("%s", (name) => {
    afterEach(async () => {
      await resetCompat()
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
      folders = []
    })
    body(name)
  })
}
