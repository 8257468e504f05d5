import * as Effect from "effect/Effect"
import type { CancelSelection } from "../actors/cancel-orders.ts"
import { cancelAll } from "../actors/runtime/cancelling-all.ts"
import { cancelWaiting } from "../actors/runtime/cancelling-many.ts"
import { endOfChanges } from "../actors/runtime/end-of-changes.ts"
import {
  type CancelAnswer,
  type ControlAnswer,
  cancelExecution,
  rescheduleExecution,
  retryExecution,
} from "../actors/runtime/execution-control.ts"
import type { Explanation } from "../actors/runtime/explain.ts"
import { type LeadStored, writeLead } from "../actors/runtime/leads.ts"
import type { CreateOptions, RuntimeActor } from "../actors/runtime/runtime-actor.ts"
import { type ScheduleInput, scheduleMails } from "../actors/runtime/scheduling.ts"
import {
  listSettings,
  readSetting,
  type Setting,
  type SettingWrite,
  writeSettings,
} from "../actors/runtime/settings.ts"
import { templateNameOf } from "../actors/runtime/template-name.ts"
import type { ExecutionFilter } from "../actors/selection/filter.ts"
import { readLead } from "../actors/stored-lead.ts"
import {
  type CampaignInput,
  type Changes,
  type Counts,
  defineCampaign,
  type ExecutionRow,
  type Lead,
  type LeadInput,
  StorageError,
} from "../sdk/index.ts"
import { type ExecutionPage, queryOf } from "./execution-list.ts"
import { controlOf } from "./executions-handle.ts"
import type { PromiseRunner } from "./promise.ts"

/**
 * What answers on the caller's stack, durable on return: for storages with the capability `sync` (memory, sqlite). Every
 * method throws StorageError `not-synchronous` on other storages, and names its twin that answers a Promise.
 */
export interface SyncHandle {
  /** Rows in the order asked, `undefined` for what is not there. */
  find(ids: ReadonlyArray<string>): ReadonlyArray<ExecutionRow | undefined>
  /** One page by id, ascending; at most 1,000 rows. */
  list(filter?: ExecutionFilter, page?: ExecutionPage): ReadonlyArray<ExecutionRow>
  /** As `campaign.stats`. */
  counts(campaignId: string): Counts
  /** As `executions.cancel`, but never waits: `requested` while a send is under way. */
  cancel(id: string, options?: { readonly by?: "user" | "campaign" }): CancelAnswer | "missing"
  /** As `executions.cancelWaiting`. */
  cancelWaiting(ids: ReadonlyArray<string>): ReadonlyArray<boolean>
  /**
   * Cancels all that wait of a campaign, of a lead, or of both together, in one durable write, however many: nothing of it
   * is sent once it answers. Their rows are written beside, and after a restart, until then they are
   * {@link SyncHandle.isCancelled} only. Answers the executions that are worked on at this moment, which it leaves alone.
   */
  cancelAll(selection?: CancelSelection): ReadonlyArray<string>
  /** Whether this row was cancelled by {@link SyncHandle.cancelAll} and is not written yet. */
  isCancelled(row: ExecutionRow): boolean
  /** @throws NotFound */
  explain(id: string): Explanation
  /** As `executions.reschedule`. */
  reschedule(id: string, dueAt: number): ControlAnswer
  /** As `executions.retry`. */
  retry(id: string, options?: { readonly duplicate?: boolean }): ControlAnswer
  /** As `campaigns.create`, for campaigns whose templates need not be compiled now, such as those without steps. */
  create<Data>(campaign: CampaignInput<Data>, options?: CreateOptions): void
  /** As `campaign.scheduleAll`; templates by `{ latest }` only. @throws NotFound */
  scheduleAll(campaignId: string, mails: ReadonlyArray<ScheduleInput>): ReadonlyArray<string>
  /** As `runtime.changes`. */
  changes(since: number, options?: { readonly limit?: number }): Changes
  /** As `runtime.endOfChanges`. */
  endOfChanges(): number
  /** As `runtime.templateName`. @throws NotFound */
  templateName(row: Pick<ExecutionRow, "template">): string
  /** As `leads.get`. */
  lead(id: string): Lead | undefined
  /** As `leads.put`; what triggers of the host start for its status follows a second later. @throws InvalidInput */
  putLead(lead: LeadInput): LeadStored
  /** As `settings.get`. */
  setting(key: string): Setting | undefined
  /** As `settings.list`. */
  settings(prefix: string): ReadonlyArray<{ readonly key: string; readonly value: Setting }>
  /** As `settings.put`. */
  putSettings(writes: ReadonlyArray<SettingWrite>): void
}

const twins: Readonly<Record<keyof SyncHandle, string>> = {
  find: "runtime.executions.find",
  list: "runtime.executions.list",
  counts: "campaign.stats",
  cancel: "runtime.executions.cancel",
  cancelWaiting: "runtime.executions.cancelWaiting",
  cancelAll: "runtime.executions.cancelWaiting",
  isCancelled: "runtime.executions.get",
  explain: "runtime.explain",
  reschedule: "runtime.executions.reschedule",
  retry: "runtime.executions.retry",
  create: "runtime.campaigns.create",
  scheduleAll: "campaign.scheduleAll",
  changes: "runtime.changes",
  endOfChanges: "runtime.endOfChanges",
  templateName: "runtime.templateName",
  lead: "runtime.leads.get",
  putLead: "runtime.leads.put",
  setting: "runtime.settings.get",
  settings: "runtime.settings.list",
  putSettings: "runtime.settings.put",
}

const refusal = (storage: string, method: keyof SyncHandle): StorageError =>
  new StorageError({
    storage,
    code: "not-synchronous",
    retryable: false,
    indeterminate: false,
    message: `The storage "${storage}" answers with Promises, so runtime.sync.${method} cannot work on it. Use ${twins[method]}, or a storage that answers at once: sqlite or memory.`,
  })

/** The face of the runtime that answers at once. */
export const makeSyncHandle = (
  { runSync }: PromiseRunner<RuntimeActor>,
  runtime: RuntimeActor["Service"],
): SyncHandle => {
  const { services } = runtime
  const { store } = services
  const on = controlOf(runtime)
  const run = <A, E>(method: keyof SyncHandle, effect: Effect.Effect<A, E, RuntimeActor>): A => {
    if (!store.storage.capabilities.sync) throw refusal(store.storage.name, method)
    return runSync(effect)
  }
  return {
    find: (ids) =>
      run(
        "find",
        store.use((driver) => driver.get(ids)),
      ),
    list: (filter = {}, page = {}) =>
      run(
        "list",
        store.use((driver) => driver.list(queryOf(filter, page))),
      ),
    counts: (campaignId) => run("counts", runtime.counts(campaignId)),
    cancel: (id, { by = "user" } = {}) =>
      run(
        "cancel",
        on(id, (actor) => cancelExecution(services, actor, id, by)),
      ),
    cancelWaiting: (ids) => run("cancelWaiting", cancelWaiting(runtime, ids)),
    cancelAll: (selection = {}) => run("cancelAll", cancelAll(runtime, selection)),
    isCancelled: (row) => run("isCancelled", services.cancelOrders.covers(row)),
    explain: (id) => run("explain", runtime.explain(id)),
    reschedule: (id, dueAt) =>
      run(
        "reschedule",
        on(id, (actor) => rescheduleExecution(services, actor, id, dueAt)),
      ),
    retry: (id, { duplicate = false } = {}) =>
      run(
        "retry",
        on(id, (actor) => retryExecution(services, actor, id, { duplicate })),
      ),
    create: (input, options = {}) => void run("create", runtime.create(defineCampaign(input), options)),
    scheduleAll: (campaignId, mails) =>
      run(
        "scheduleAll",
        Effect.flatMap(runtime.campaign(campaignId), (actor) => scheduleMails(services, actor, mails)),
      ),
    changes: (since, { limit = 1_000 } = {}) =>
      run(
        "changes",
        store.use((driver) => driver.changes(since, limit)),
      ),
    endOfChanges: () => run("endOfChanges", endOfChanges(store)),
    templateName: (row) => run("templateName", templateNameOf(services.templates, row)),
    lead: (id) => run("lead", readLead(services, id)),
    putLead: (lead) => run("putLead", writeLead(runtime, lead)),
    setting: (key) => run("setting", readSetting(services, key)),
    settings: (prefix) => run("settings", listSettings(services, prefix)),
    putSettings: (writes) => run("putSettings", writeSettings(services, writes)),
  }
}
