import process from "node:process"
import {
  createRuntime,
  createRuntimeSync,
  type ExecutionFilter,
  type HostTrigger,
  InvalidInput,
  type Runtime,
  StorageError,
} from "sendstate"
import { mjml } from "sendstate/renderer/mjml"
import type { LeadInput, MaybePromise, Renderer, Storage } from "sendstate/sdk"
import { sqlite } from "sendstate/storage/sqlite"
import { type Access, asyncAccess, syncAccess } from "./access.ts"
import { DEFAULT_RETRY_CONFIG } from "./constants.ts"
import type { Engine } from "./engine.ts"
import { Feed } from "./feed.ts"
import { hostRenderer } from "./host-renderer.ts"
import { noTransport, SentSubjects } from "./host-transport.ts"
import { Ledger } from "./ledger.ts"
import { chain } from "./maybe-promise.ts"
import type { CompatOptions } from "./options.ts"
import { OwnCampaigns, OwnCommunications, OwnLeads, OwnTemplates } from "./own-documents.ts"
import { Projection } from "./projection.ts"
import { leadInputOf } from "./render-data.ts"
import { cancelledByUser, identityOf } from "./shown-execution.ts"
import type { CampaignSource, Communication, LeadSource, TemplateSource } from "./sources.ts"
import type { CampaignExecution, RetryConfig } from "./types.ts"

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What the services of one engine share: one runtime, what is shown of it, and where the host's data comes from. */
export class Core implements Engine {
  readonly options: CompatOptions
  readonly ownLeads = new OwnLeads(() => this.#accessLater())
  readonly ownCampaigns = new OwnCampaigns(() => this.#accessLater())
  readonly ownTemplates = new OwnTemplates(() => this.#accessLater())
  readonly ownCommunications = new OwnCommunications(() => this.#accessLater())
  readonly leads: LeadSource
  readonly campaigns: CampaignSource
  readonly templates: TemplateSource
  readonly renderer: Renderer
  readonly projection: Projection
  readonly ledger: Ledger
  readonly subjects = new SentSubjects()
  readonly readyCampaigns = new Map<string, string | null | undefined>()
  readonly #storage: Storage
  readonly #innerRenderer: Renderer
  #retry: RetryConfig
  #retryChanges: Partial<RetryConfig> = {}
  #opened: { readonly runtime: Runtime; readonly access: Access; readonly feed: Feed } | undefined
  #opening: Promise<void> | undefined
  #changing: Promise<void> = Promise.resolve()
  #isRunning = false
  #running: AbortController | undefined
  /** Called at each start, with a signal that fires at the stop; what it throws is a warning. */
  whileRunning: ((signal: AbortSignal) => Promise<void>) | undefined
  /** What starts campaigns beside calls; set before anything is opened. */
  triggers: ReadonlyArray<HostTrigger> = []
  // After a stop, reads answer with what was seen last: looking must not open the store again.
  #isStopped = false
  /** Of the runtime that was opened last; goes on after a stop. */
  #clock: (() => number) | undefined

  constructor(options: CompatOptions = {}) {
    this.options = options
    this.leads = options.leads ?? this.ownLeads
    this.campaigns = options.campaigns ?? this.ownCampaigns
    this.templates = options.templates ?? this.ownTemplates
    this.#innerRenderer = options.renderer ?? mjml({ directory: "templates" })
    this.renderer = hostRenderer(this.#innerRenderer, this.templates)
    this.#storage = options.storage ?? sqlite("sendstate.db")
    this.#retry = { ...DEFAULT_RETRY_CONFIG, ...options.retry }
    this.projection = new Projection(options.keepEnded ?? Number.POSITIVE_INFINITY)
    this.ledger = new Ledger(this.projection)
  }

  get retry(): RetryConfig {
    return this.#retry
  }

  /** What was changed of the policy that was configured. */
  get retryChanges(): Partial<RetryConfig> {
    return this.#retryChanges
  }

  /** What is scheduled or fails from now on follows it. */
  changeRetry(changes: Partial<RetryConfig>): void {
    this.#retry = { ...this.#retry, ...changes }
    this.#retryChanges = { ...this.#retryChanges, ...changes }
    this.readyCampaigns.clear()
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  get isSync(): boolean {
    return this.#storage.capabilities.sync
  }

  get runtime(): Runtime | undefined {
    return this.#opened?.runtime
  }

  /** Epoch ms on the runtime's clock. */
  now(): number {
    return (this.#clock ?? this.#openNow().runtime.now)()
  }

  async record(communication: Communication, mailId: string): Promise<void> {
    const { communications } = this.options
    if (communications === undefined) await this.ownCommunications.record(communication, mailId)
    else await communications.record(communication)
  }

  warn(message: string): void {
    if (this.options.warn !== undefined) this.options.warn(message)
    else process.emitWarning(message, "SendstateCompatWarning")
  }

  #runtimeOptions() {
    return {
      storage: this.#storage,
      transport: this.subjects.listenTo(this.options.transport ?? noTransport, this.options.from),
      renderer: this.renderer,
      observers: this.options.observers ?? [],
      leadOf: (id: string) => this.leadOf(id),
      triggers: this.triggers,
      standby: true,
    }
  }

  #adopt(runtime: Runtime): MaybePromise<void> {
    const access = this.isSync ? syncAccess(runtime) : asyncAccess(runtime)
    const feed = new Feed(this, runtime, access)
    return chain(this.ledger.load(access), () =>
      chain(feed.open(), () => {
        this.#opened = { runtime, access, feed }
        this.#clock = runtime.now
        this.#isStopped = false
        feed.listen(this.#storage.capabilities.processes === "many")
      }),
    )
  }

  #openNow() {
    if (this.#opened === undefined) {
      if (!this.isSync) throw this.#notOpened()
      const runtime = createRuntimeSync(this.#runtimeOptions())
      this.#adopt(runtime)
    }
    if (this.#opened === undefined) throw this.#notOpened()
    return this.#opened
  }

  #notOpened(): StorageError {
    return new StorageError({
      storage: this.#storage.name,
      code: "not-open",
      retryable: false,
      indeterminate: false,
      message: `The storage "${this.#storage.name}" cannot be opened on the caller's stack: await campaignOrchestrator.start() first.`,
    })
  }

  /** The opened runtime; opens it in standby where nothing has yet. */
  async open(): Promise<{ readonly runtime: Runtime; readonly access: Access; readonly feed: Feed }> {
    if (this.#opened === undefined && !this.isSync) {
      this.#opening ??= (async () => this.#adopt(await createRuntime(this.#runtimeOptions())))()
      try {
        await this.#opening
      } finally {
        this.#opening = undefined
      }
    }
    return this.#openNow()
  }

  /** For what must not open it: waits for an opening under way. @throws StorageError `not-open` where it was stopped. */
  async requireOpen(): Promise<void> {
    await this.#opening
    if (this.#opened !== undefined) return
    throw new StorageError({
      storage: this.#storage.name,
      code: "not-open",
      retryable: true,
      indeterminate: false,
      message: `The engine was stopped before that, and its storage "${this.#storage.name}" given back.`,
    })
  }

  async #accessLater(): Promise<Access> {
    return (await this.open()).access
  }

  /** What is shown, up to date where the storage answers at once. */
  view(): Projection {
    if (this.isSync && !this.#isStopped) {
      const { access } = this.#openNow()
      this.ledger.catchUp(access)
    }
    return this.projection
  }

  /** As `view`, up to date on every storage while it is open. */
  async look(): Promise<Projection> {
    return this.#isStopped ? this.projection : this.viewLater()
  }

  /** Scheduled ones whose time has come, the longest due first. */
  due(maxCount: number): CampaignExecution[] {
    const view = this.view()
    return view.size === 0 ? [] : view.due(this.now(), maxCount)
  }

  /** What is shown, up to date; opens the store where it is not. */
  async viewLater(): Promise<Projection> {
    const { access } = await this.open()
    await this.ledger.catchUp(access)
    return this.projection
  }

  /** One execution; one that memory no longer holds is looked up where the storage answers at once. */
  read(id: string): CampaignExecution | undefined {
    const held = this.view().get(id)
    if (held !== undefined || !this.isSync || this.#opened === undefined) return held
    return this.ledger.find(this.#opened.access, id) as CampaignExecution | undefined
  }

  async readLater(id: string): Promise<CampaignExecution | undefined> {
    await this.viewLater()
    return this.ledger.find(await this.#accessLater(), id)
  }

  /** Whether there is or was an execution of this id, listed or not. */
  async isStored(id: string): Promise<boolean> {
    const { access } = await this.open()
    await this.ledger.catchUp(access)
    if (this.ledger.isRecord(id)) return true
    const [row] = await access.find([this.ledger.nativeId(id)])
    return row !== undefined
  }

  /** All executions of a campaign or a lead, from the storage: also those that memory no longer holds. */
  async readAll(filter: ExecutionFilter): Promise<CampaignExecution[]> {
    const access = await this.#accessLater()
    const found = new Map<string, CampaignExecution>()
    for (let after: string | undefined; ; ) {
      const rows = await access.page(filter, { after, limit: 1_000 })
      for (const row of rows) {
        const { id } = identityOf(row.id)
        if (row.id !== this.ledger.nativeId(id) || this.ledger.isRecord(id)) continue
        const shown = await this.ledger.show(access, row)
        if (shown !== undefined) found.set(id, shown)
      }
      if (rows.length < 1_000) break
      after = rows.at(-1)?.id
    }
    const { campaignId, leadId } = filter
    await this.viewLater()
    for (const execution of this.ledger.recorded())
      if (
        (campaignId === undefined || execution.campaignId === campaignId) &&
        (leadId === undefined || execution.leadId === leadId)
      )
        found.set(execution.id, execution)
    return [...found.values()]
  }

  /** A write that is durable on return. `twin` answers a Promise, for storages that cannot do that. */
  write<A>(twin: string, body: (access: Access) => MaybePromise<A>): A {
    if (!this.isSync)
      throw new StorageError({
        storage: this.#storage.name,
        code: "not-synchronous",
        retryable: false,
        indeterminate: false,
        message: `The storage "${this.#storage.name}" answers with Promises, so this cannot be durable on return. Use ${twin}, or sqlite or memory as storage.`,
      })
    const { access } = this.#openNow()
    this.ledger.catchUp(access)
    const answer = body(access)
    this.ledger.catchUp(access)
    // With synchronous access nothing answers a Promise.
    return answer as A
  }

  /** Cancels all that wait of a campaign, or of all, where the storage answers at once; answers how many. */
  cancelAll(campaignId: string | undefined): number {
    const held = this.#openNow().runtime.sync.cancelAll({ campaignId })
    return this.projection.fail(cancelledByUser, new Set(held.map((nativeId) => identityOf(nativeId).id)), campaignId)
  }

  /** The same for every storage; reads after it see it. */
  async writeLater<A>(body: (access: Access) => MaybePromise<A>): Promise<A> {
    const { access } = await this.open()
    await this.ledger.catchUp(access)
    const answer = await body(access)
    await this.ledger.catchUp(access)
    return answer
  }

  /** Who a lead is now, for the runtime: the host's word, else what is stored. */
  async leadOf(id: string): Promise<LeadInput | undefined> {
    const lead = (await this.leads.get(id)) ?? (await this.ownLeads.get(id))
    if (lead === undefined) return undefined
    // The old interface has no words for these: they come from the native API.
    const { timeZone, locale } = (await this.#opened?.access.lead(id)) ?? {}
    return { ...leadInputOf(lead), ...(timeZone && { timeZone }), ...(locale && { locale }) }
  }

  /** @throws InvalidInput that says what to configure before anything can be sent. */
  requireSending(): void {
    const missing = (["transport", "from"] as const).filter((name) => this.options[name] === undefined)
    if (missing.length === 0) return
    throw new InvalidInput({
      code: "not-configured",
      retryable: false,
      issues: missing.map((path) => ({ path, message: "is not configured" })),
      message: `Nothing can be sent yet: configure ${missing.join(" and ")} first, for example configureCompat({ transport: smtp("smtp://127.0.0.1:2525"), from: "Ann <ann@acme.test>" }).`,
    })
  }

  /** Sends what is due from now on; a second start changes nothing. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isRunning) return
      this.requireSending()
      const { runtime } = await this.open()
      this.#isRunning = true
      await runtime.leaveStandby()
      const running = new AbortController()
      this.#running = running
      const beside = this.whileRunning
      if (beside !== undefined) void this.attempt("Watching the mailbox", () => beside(running.signal))
    })
  }

  /** Starts nothing more, lets sends under way end, and gives the store back. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      this.#isRunning = false
      this.#running?.abort()
      const opened = this.#opened
      if (opened === undefined) return
      await opened.runtime.enterStandby()
      await opened.feed.settle()
      this.#isStopped = true
      this.#opened = undefined
      await opened.feed.close()
      await opened.runtime.close()
    })
  }

  /** Stops, and gives transport and renderer back too. */
  async close(): Promise<void> {
    await this.stop()
    await this.options.transport?.close?.()
    await this.#innerRenderer.close?.()
  }

  #inTurn(body: () => Promise<void>): Promise<void> {
    const turn = this.#changing.then(body)
    // The next in turn does not care how this one ended; its caller hears of it.
    this.#changing = turn.catch(() => undefined)
    return turn
  }

  /** Runs something that must not fail its caller. */
  async attempt(what: string, body: () => Promise<void>): Promise<void> {
    try {
      await body()
    } catch (error) {
      this.warn(`${what} failed: ${messageOf(error)}`)
    }
  }
}
