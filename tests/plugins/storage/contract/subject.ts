import type { StorageDriver } from "sendstate/sdk"
import type { Store } from "../stores.ts"

/** What a behaviour is tried on: an open store with the running campaign `spring`, new for each test. */
export interface Subject {
  readonly store: Store
  driver: StorageDriver
}
