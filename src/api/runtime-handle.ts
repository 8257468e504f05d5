import * as Effect from "effect/Effect"
import type { Explanation } from "../actors/runtime/explain.ts"
import type { Health } from "../actors/runtime/health.ts"
import { type CreateOptions, RuntimeActor } from "../actors/runtime/runtime-actor.ts"
import { suppress, unsuppress } from "../actors/runtime/suppressing.ts"
import { layerRuntime, type RuntimeOptions } from "../runtime.ts"
import { type CampaignInput, defineCampaign, type RuntimeEvent } from "../sdk/index.ts"
import { type CampaignHandle, type CampaignStatus, makeCampaignHandle } from "./campaign-handle.ts"
import { eventStream, type WaitOptions } from "./event-stream.ts"
import { type ExecutionsHandle, makeExecutionsHandle } from "./executions-handle.ts"
import { makeRunner } from "./promise.ts"

/** The campaigns of a runtime. */
export interface CampaignsHandle {
  /**
   * Creates a campaign and starts it (unless `draft`), or goes on with the one that is stored under this id.
   *
   * @throws InvalidInput when the definition is not acceptable, RenderError or NotFound for its templates, Conflict
   * `campaign-differs` with the differences when another definition is stored and `update` is not set.
   */
  create<Data>(campaign: CampaignInput<Data>, options?: CreateOptions): Promise<CampaignHandle>
  /** @throws NotFound */
  get(id: string): Promise<CampaignHandle>
  /** All that are stored. */
  list(): Promise<ReadonlyArray<CampaignStatus>>
}

/** A running sendstate. Close it: leases are given back and sends under way may end. */
export interface Runtime extends AsyncDisposable {
  readonly campaigns: CampaignsHandle
  readonly executions: ExecutionsHandle
  /** Why an execution stands where it stands. @throws NotFound */
  explain(executionId: string): Promise<Explanation>
  /** Never mail this address again, in any campaign: refused in the same atomic step that would store the intent. */
  suppress(email: string, reason?: string): Promise<void>
  /** Lifts a suppression; answers whether there was one. */
  unsuppress(email: string): Promise<boolean>
  /** All events from now on, each after it is durable. */
  events(options?: WaitOptions): AsyncIterable<RuntimeEvent>
  /** How storage, transport and campaigns are, and what went wrong lately. */
  health(): Promise<Health>
  /**
   * Drains and closes; idempotent. Sends under way may end within `deadlineMs` (default 10,000); what has no receipt
   * then is in doubt, and reported so at the next start.
   */
  close(options?: { readonly deadlineMs?: number }): Promise<void>
}

/**
 * Opens the storage, goes on with every campaign in it, and is ready for more.
 *
 * @example
 * ```ts
 * const runtime = await createRuntime({ storage: sqlite("campaigns.db"), transport: smtp("smtp://127.0.0.1:2525") })
 * const spring = await runtime.campaigns.create({ id: "spring", from: "Ann <ann@acme.test>", steps: [{ template: "hello" }] })
 * await spring.enroll([{ email: "bob@example.test" }])
 * ```
 * @throws StorageOwned when another process runs on the same one-process store; StorageError when it cannot be opened.
 */
export const createRuntime = async (options: RuntimeOptions): Promise<Runtime> => {
  const runner = await makeRunner(layerRuntime(options))
  const { run } = runner
  const runtime = await run(RuntimeActor)
  let closing: Promise<void> | undefined

  const close = (deadlineMs: number): Promise<void> => {
    closing ??= run(runtime.drain(deadlineMs)).finally(runner.dispose)
    return closing
  }
  const handle = (actor: Parameters<typeof makeCampaignHandle>[2], campaign?: ReturnType<typeof defineCampaign>) =>
    makeCampaignHandle(runner, runtime, actor, campaign?.leadData)

  return {
    campaigns: {
      create: async (input, createOptions = {}) => {
        const campaign = defineCampaign(input)
        return handle(await run(runtime.create(campaign, createOptions)), campaign)
      },
      get: async (id) => handle(await run(runtime.campaign(id))),
      list: async () => (await run(runtime.campaigns)).map((actor) => handle(actor).status()),
    },
    executions: makeExecutionsHandle(runner, runtime),
    explain: (id) => run(runtime.explain(id)),
    suppress: (email, reason = "manual") => run(suppress(runtime.services, email, reason)),
    unsuppress: (email) => run(unsuppress(runtime.services, email)),
    events: (eventOptions = {}) => eventStream(runtime, () => true, eventOptions),
    health: () => run(Effect.suspend(() => runtime.health)),
    close: ({ deadlineMs = 10_000 } = {}) => close(deadlineMs),
    [Symbol.asyncDispose]: () => close(10_000),
  }
}
