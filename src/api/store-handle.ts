import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { loadDefinition } from "../actors/campaign/definition.ts"
import { readRecord } from "../actors/campaign/record.ts"
import { askOwner, type ControlCommand, type ControlResult, carryOut } from "../actors/runtime/control.ts"
import { type Explanation, explainExecution } from "../actors/runtime/explain.ts"
import { storedCampaigns } from "../actors/runtime/following.ts"
import { type CampaignReport, reportCampaign } from "../actors/runtime/reporting.ts"
import { RuntimeActor } from "../actors/runtime/runtime-actor.ts"
import { storedSigningKeys } from "../actors/secrets.ts"
import type { ExecutionFilter } from "../actors/selection/filter.ts"
import { Store } from "../actors/store.ts"
import { type OpenCircuit, storedOpenCircuits } from "../actors/stored-circuit.ts"
import { layerPassive } from "../runtime.ts"
import {
  type Counts,
  type ExecutionRow,
  Interrupted,
  idOf,
  NotFound,
  type Storage,
  StorageOwned,
  type Suppression,
  type VerifyReport,
} from "../sdk/index.ts"
import type { CampaignStatus } from "./campaign-handle.ts"
import { listExecutions } from "./execution-list.ts"
import { makeRunner } from "./promise.ts"
import { listSuppressions } from "./suppression-list.ts"

/** A store that somebody else may be running: reading always works, control goes to the owner. */
export interface StoreHandle extends AsyncDisposable {
  /** Every campaign with its conserved counts. */
  campaigns(): Promise<ReadonlyArray<CampaignStatus & { readonly counts: Counts }>>
  /** Transports whose host could not take mail lately, and that send nothing but probes until it can. */
  circuits(): Promise<ReadonlyArray<OpenCircuit>>
  /** @throws NotFound */
  execution(id: string): Promise<ExecutionRow>
  /** Executions by id, ascending; read in pages. */
  executions(filter?: ExecutionFilter): AsyncIterable<ExecutionRow>
  /** @throws NotFound */
  explain(id: string): Promise<Explanation>
  /**
   * How a campaign's variants did, as `report` of its handle.
   *
   * @throws NotFound
   */
  report(campaignId: string): Promise<CampaignReport>
  /** E-mail addresses of leads, in order; `undefined` for erased ones. */
  addresses(leadIds: ReadonlyArray<string>): Promise<ReadonlyArray<string | undefined>>
  /** The keys that the storage keeps for signing links; none where the host gives its own. */
  signingKeys(): Promise<ReadonlyArray<Uint8Array>>
  /** The suppression list by key; read in pages. */
  suppressions(): AsyncIterable<Suppression>
  /** Reads everything and checks it. */
  verify(): Promise<VerifyReport>
  /**
   * Carries out a command: by the process that owns the store, or here when nobody does.
   *
   * @throws StorageOwned when the storage cannot pass commands on; Interrupted when the owner does not answer in time.
   */
  control(command: ControlCommand, options?: { readonly deadlineMs?: number }): Promise<ControlResult>
  /** Gives the store back. */
  close(): Promise<void>
}

const missing = (kind: "execution" | "campaign", key: string, lister: string): NotFound =>
  new NotFound({
    kind,
    key,
    code: `${kind}-missing`,
    retryable: false,
    message: `There is no ${kind} ${JSON.stringify(key)} in this storage. List them with "${lister}".`,
  })

/** Opens a store for reading and control, beside its owner if there is one. */
export const openStore = async (storage: Storage): Promise<StoreHandle> => {
  const runner = await makeRunner(Store.layer(storage, "observe"))
  const { run } = runner
  const store = await run(Store)

  const execution = async (id: string): Promise<ExecutionRow> => {
    const [row] = await run(store.use((driver) => driver.get([id])))
    if (row !== undefined) return row
    throw missing("execution", id, "sendstate list")
  }

  const report = (id: string) =>
    Effect.gen(function* () {
      const record = yield* readRecord(store, id)
      if (record === undefined) return yield* Effect.fail(missing("campaign", id, "sendstate status"))
      const { definition } = yield* loadDefinition(store, record.definition)
      return yield* reportCampaign({ store }, definition)
    })

  const controlHere = async (command: ControlCommand): Promise<ControlResult> => {
    const passive = await makeRunner(layerPassive(storage))
    try {
      return await passive.run(Effect.flatMap(RuntimeActor, (runtime) => carryOut(runtime, command)))
    } finally {
      await passive.dispose()
    }
  }

  const controlOwner = async (command: ControlCommand, deadlineMs: number): Promise<ControlResult> => {
    const result = await run(
      Effect.gen(function* () {
        const clock = yield* Clock.Clock
        const key = idOf("control", clock.currentTimeMillisUnsafe(), yield* Random.next)
        return yield* askOwner({ store, clock }, key, command, deadlineMs)
      }),
    )
    if (result !== undefined) return result
    throw new Interrupted({
      code: "no-answer",
      retryable: true,
      message: `The process that owns the store did not answer within ${deadlineMs / 1_000} s; the request was withdrawn. It may be busy: try again.`,
    })
  }

  return {
    campaigns: async () => {
      const records = await run(storedCampaigns(store))
      const counts = await Promise.all(records.map(({ id }) => run(store.use((driver) => driver.counts(id)))))
      return records.flatMap((record, index) => {
        const columns = counts[index]
        const { state, context } = record.rest
        return columns === undefined
          ? []
          : [
              {
                id: record.id,
                state,
                cause: context.cause,
                closed: context.closed,
                speed: record.clock.scale,
                counts: columns,
              },
            ]
      })
    },
    circuits: () => run(storedOpenCircuits({ store })),
    execution,
    executions: (filter = {}) => listExecutions(runner, store, filter),
    explain: async (id) => run(explainExecution(store, await execution(id))),
    report: (id) => run(report(id)),
    addresses: async (leadIds) => {
      const leads = await run(store.use((driver) => driver.documents("lead", leadIds)))
      return leads.map((lead) => (lead === undefined ? undefined : String(lead.value.email)))
    },
    signingKeys: () => run(storedSigningKeys(store)),
    suppressions: () => listSuppressions(runner, store),
    verify: () => run(store.use((driver) => driver.verify())),
    control: async (command, { deadlineMs = 15_000 } = {}) => {
      try {
        return await controlHere(command)
      } catch (error) {
        if (!(error instanceof StorageOwned) || !storage.capabilities.control) throw error
        return controlOwner(command, deadlineMs)
      }
    },
    close: () => runner.dispose(),
    [Symbol.asyncDispose]: () => runner.dispose(),
  }
}
