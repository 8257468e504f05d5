import type { Core } from "./core.ts"
import { retryLaterBy } from "./execution-writes.ts"
import { hasTryLeft, retryDelayOf, retryStatsOf } from "./retry-delay.ts"
import { Service, sharedCore } from "./service.ts"
import type { CampaignExecution, RetryConfig, RetryStats } from "./types.ts"

/**
 * When failed tries are repeated. The manager of an engine sets its policy; one that is made with a config of its own
 * only calculates with it.
 */
export class RetryManager extends Service {
  #own: RetryConfig | undefined

  /** What `config` leaves out is as the engine has it. */
  constructor(config?: Partial<RetryConfig>)
  /** @internal */
  constructor(config: Partial<RetryConfig> | undefined, coreOf: () => Core)
  constructor(config?: Partial<RetryConfig>, coreOf: () => Core = sharedCore) {
    super(coreOf)
    this.#own = config === undefined ? undefined : { ...coreOf().retry, ...config }
  }

  get #config(): RetryConfig {
    return this.#own ?? this.core.retry
  }

  /** Whether a try is left. */
  shouldRetry(execution: CampaignExecution): boolean {
    return hasTryLeft(this.#config, execution)
  }

  /** Plans the next try after `floor(retryDelayMs * backoffMultiplier ^ attempts)` ms; `execution` is changed accordingly. */
  scheduleRetry(execution: CampaignExecution): void {
    this.core.write("retryManager.scheduleRetryAsync", (access) =>
      retryLaterBy(this.core, access, execution, retryDelayOf(this.#config, execution.attempts)),
    )
  }

  /** As `scheduleRetry`, for every storage. */
  scheduleRetryAsync(execution: CampaignExecution): Promise<void> {
    return this.core.writeLater((access) =>
      retryLaterBy(this.core, access, execution, retryDelayOf(this.#config, execution.attempts)),
    )
  }

  /** Where it stands with its tries, and how long the next one would wait. */
  getRetryStats(execution: CampaignExecution): RetryStats {
    return retryStatsOf(this.#config, execution)
  }

  /** Applies to every try that fails from now on, of executions that are scheduled already too. */
  updateConfig(config: Partial<RetryConfig>): void {
    if (this.#own === undefined) this.core.changeRetry(config)
    else this.#own = { ...this.#own, ...config }
  }

  /** The policy, as a copy. */
  getConfig(): RetryConfig {
    return { ...this.#config }
  }

  /** Sets `attempts` of the given object to 0; `scheduleRetry` with it makes that durable. */
  resetAttempts(execution: CampaignExecution): void {
    execution.attempts = 0
  }
}
