import type { StorageCapabilities } from "./capabilities.ts"
import type { MaybePromise, StorageDriver } from "./driver.ts"

/** How a process opens a store. */
export interface OpenOptions {
  /**
   * `own`: may claim and write everything; a one-process store is locked, or refused with {@link StorageOwned}.
   * `observe`: reads beside a running owner, and leaves `control` documents where the capability is declared;
   * everything else throws.
   */
  readonly mode: "own" | "observe"
  /** Epoch ms. */
  readonly now: () => number
}

/** A storage plugin: a name, what it promises, and how it is opened. */
export interface Storage {
  readonly name: string
  readonly capabilities: StorageCapabilities
  /**
   * @throws StorageOwned when another process owns a one-process store, with its pid.
   * @throws NotFound when there is nothing to observe.
   * @throws StorageError `newer-schema` when a newer program wrote it, `corrupt` when it cannot be read as a whole.
   */
  open(options: OpenOptions): MaybePromise<StorageDriver>
}
