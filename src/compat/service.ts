import type { Core } from "./core.ts"
import { makeCore } from "./core-factory.ts"
import type { CompatOptions } from "./options.ts"
import type { RetryConfig } from "./types.ts"

let shared: Core | undefined
let configured: CompatOptions = {}

/** The engine of the singletons, and of every service that is made without another one. */
export const sharedCore = (): Core => {
  shared ??= makeCore(configured)
  return shared
}

/** What the engine of the singletons is made of, from its first use on. Answers the one before, if it was in use. */
export const replaceSharedCore = (options: CompatOptions): Core | undefined => {
  const before = shared
  shared = undefined
  configured = options
  return before
}

/** Whether the engine of the singletons is in use. */
export const isSharedInUse = (): boolean => shared?.runtime !== undefined

/** What `updateConfig` of the singletons said so far. */
export const sharedRetryChanges = (): Partial<RetryConfig> => shared?.retryChanges ?? {}

/** What all services have: the engine that they work on. */
export abstract class Service {
  readonly #coreOf: () => Core

  /** @internal */
  constructor(coreOf: () => Core = sharedCore) {
    this.#coreOf = coreOf
  }

  /** @internal */
  protected get core(): Core {
    return this.#coreOf()
  }
}
