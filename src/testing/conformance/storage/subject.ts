import type { Storage, StorageCapabilities, StorageDriver } from "sendstate/sdk"
import type { TestRunner } from "../runner.ts"

/** A store under test, empty at first. */
export interface StoreSubject {
  /** The plugin. One that takes its clock from a server must be told to take `now` as given: the suite's time is virtual. */
  readonly storage: Storage
  /** Opens the same store again, as the next start of a process does; at first it holds nothing. */
  readonly open: (mode?: "own" | "observe") => Promise<StorageDriver>
  /** Puts the store into the state that a killed owner leaves; the driver is of no use afterwards. Absent: not tested. */
  readonly crash?: (driver: StorageDriver) => Promise<void>
  /** Removes the store. */
  readonly dispose: () => unknown
}

/** What a behaviour is tried on: an open store with the running campaign `spring`, new for each test. */
export interface Subject {
  readonly store: StoreSubject
  driver: StorageDriver
}

/** What decides which tests run, known before the first one does. */
export interface Traits {
  readonly capabilities: StorageCapabilities
  /** Whether the subject can be crashed. */
  readonly crash: boolean
}

/** Tests of one part of the contract. */
export type Behaviours = (subject: Subject, runner: TestRunner, traits: Traits) => unknown
