import type {
  ExecutionFilter,
  ExecutionPage,
  Explanation,
  LeadStored,
  Runtime,
  ScheduleInput,
  Setting,
  SettingWrite,
} from "sendstate"
import type { CampaignInput, Changes, ExecutionRow, Lead, LeadInput, MaybePromise } from "sendstate/sdk"

/** What the services need of the runtime, at once or as a Promise. */
export interface Access {
  readonly find: (ids: ReadonlyArray<string>) => MaybePromise<ReadonlyArray<ExecutionRow | undefined>>
  readonly page: (filter: ExecutionFilter, page: ExecutionPage) => MaybePromise<ReadonlyArray<ExecutionRow>>
  readonly changes: (since: number, limit: number) => MaybePromise<Changes>
  readonly endOfChanges: () => MaybePromise<number>
  readonly explain: (id: string) => MaybePromise<Explanation>
  readonly templateName: (row: ExecutionRow) => MaybePromise<string>
  readonly cancel: (id: string, by: "user" | "campaign") => MaybePromise<string>
  readonly cancelWaiting: (ids: ReadonlyArray<string>) => MaybePromise<ReadonlyArray<boolean>>
  /** Whether it was cancelled with many others, and its row does not say so yet. */
  readonly isCancelled: (row: ExecutionRow) => boolean
  readonly reschedule: (id: string, dueAt: number) => MaybePromise<string>
  readonly retry: (id: string) => MaybePromise<string>
  readonly create: (campaign: CampaignInput, update: boolean) => MaybePromise<unknown>
  readonly scheduleAll: (campaignId: string, mails: ReadonlyArray<ScheduleInput>) => MaybePromise<ReadonlyArray<string>>
  readonly lead: (id: string) => MaybePromise<Lead | undefined>
  /** Waited for on every storage: its status may start campaigns of the host. */
  readonly putLead: (lead: LeadInput) => Promise<LeadStored>
  readonly setting: (key: string) => MaybePromise<Setting | undefined>
  readonly settings: (prefix: string) => MaybePromise<ReadonlyArray<{ readonly key: string; readonly value: Setting }>>
  readonly putSettings: (writes: ReadonlyArray<SettingWrite>) => MaybePromise<void>
}

/** Through `runtime.sync`: every answer is there on return. */
export const syncAccess = ({ sync, leads }: Runtime): Access => ({
  find: (ids) => sync.find(ids),
  page: (filter, page) => sync.list(filter, page),
  changes: (since, limit) => sync.changes(since, { limit }),
  endOfChanges: () => sync.endOfChanges(),
  explain: (id) => sync.explain(id),
  templateName: (row) => sync.templateName(row),
  cancel: (id, by) => sync.cancel(id, { by }),
  cancelWaiting: (ids) => sync.cancelWaiting(ids),
  isCancelled: (row) => sync.isCancelled(row),
  reschedule: (id, dueAt) => sync.reschedule(id, dueAt),
  retry: (id) => sync.retry(id),
  create: (campaign, update) => sync.create(campaign, { update }),
  scheduleAll: (campaignId, mails) => sync.scheduleAll(campaignId, mails),
  lead: (id) => sync.lead(id),
  putLead: (lead) => leads.put(lead),
  setting: (key) => sync.setting(key),
  settings: (prefix) => sync.settings(prefix),
  putSettings: (writes) => sync.putSettings(writes),
})

/** Through the Promise API, for every storage. */
export const asyncAccess = (runtime: Runtime): Access => ({
  find: (ids) => runtime.executions.find(ids),
  page: (filter, page) => runtime.executions.page(filter, page),
  changes: (since, limit) => runtime.changes(since, { limit }),
  endOfChanges: () => runtime.endOfChanges(),
  explain: (id) => runtime.explain(id),
  templateName: (row) => runtime.templateName(row),
  cancel: (id, by) => runtime.executions.cancel(id, { by }),
  cancelWaiting: (ids) => runtime.executions.cancelWaiting(ids),
  // Only a caller on the stack leaves rows for later.
  isCancelled: () => false,
  reschedule: (id, dueAt) => runtime.executions.reschedule(id, dueAt),
  retry: (id) => runtime.executions.retry(id),
  create: (campaign, update) => runtime.campaigns.create(campaign, { update }),
  scheduleAll: async (campaignId, mails) => (await runtime.campaigns.get(campaignId)).scheduleAll(mails),
  lead: (id) => runtime.leads.get(id),
  putLead: (lead) => runtime.leads.put(lead),
  setting: (key) => runtime.settings.get(key),
  settings: (prefix) => runtime.settings.list(prefix),
  putSettings: (writes) => runtime.settings.put(writes),
})
