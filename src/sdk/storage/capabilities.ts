/** What a storage promises; decides which conformance tests run, and shows in `runtime.health()`. */
export interface StorageCapabilities {
  /** Whether several processes may claim at once. */
  readonly processes: "one" | "many"
  /**
   * What an acknowledged write survives: nothing (`memory`), a killed process (`os`), power loss (`fsync`), or the
   * loss of a machine (`replicated`).
   */
  readonly durability: "memory" | "os" | "fsync" | "replicated"
  /** Whether driver methods answer without a Promise, durable on return. */
  readonly sync: boolean
  /** Whether a process that does not own the store may leave control requests in it. */
  readonly control: boolean
  /** Whether the driver tells other processes of new work (`wakeups`). */
  readonly notify: boolean
  /** Executions that it is meant for at most; enrolling beyond is refused. Absent: no limit. */
  readonly maxExecutions?: number
}
