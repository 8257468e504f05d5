import {
  type Bucket,
  buckets,
  type Counts,
  type ExecutionRow,
  type ExecutionState,
  type Fence,
  type Flag,
} from "sendstate/sdk"

/** One execution as the model knows it: nothing but what the rules speak of. */
export interface ModelRow {
  readonly id: string
  readonly lead: string
  state: ExecutionState
  bucket: Bucket
  /** When it is due without a lease. */
  rest: number | null
  leaseUntil: number | null
  intent: boolean
  flags: ReadonlyArray<Flag["type"]>
  claims: number
  /** The one fence that may write the row. */
  holder: Fence | null
  /** Raised by everything that raises the version. */
  writes: number
  entries: number
}

interface Written {
  readonly state: ExecutionState
  readonly bucket: Bucket
  readonly dueAt: number | null
  readonly lease: number | null
  readonly applied: number
}

const isOver = (state: ExecutionState): boolean => state === "done" || state === "cancelled"

/** The rules of the send protocol on a handful of rows, as simply as they can be said. */
export class Model {
  readonly rows = new Map<string, ModelRow>()
  readonly suppressed = new Set<string>()
  /** Every fence that was ever given out, to try again with what is out of date. */
  readonly fences: Array<Fence> = []
  campaign = "running"
  now = 0

  enroll(id: string, lead: string, dueAt: number): void {
    this.rows.set(id, {
      id,
      lead,
      state: "scheduled",
      bucket: "scheduled",
      rest: dueAt,
      leaseUntil: null,
      intent: false,
      flags: [],
      claims: 0,
      holder: null,
      writes: 0,
      entries: 1,
    })
  }

  isHeld(row: ModelRow): boolean {
    return row.leaseUntil !== null && row.leaseUntil > this.now
  }

  #isServed(row: ModelRow): boolean {
    return this.campaign === "running" || row.intent || row.flags.length > 0 || row.state === "sending.inDoubt"
  }

  dueAt(row: ModelRow): number | null {
    return row.leaseUntil ?? row.rest
  }

  claimable(): Array<ModelRow> {
    return [...this.rows.values()].filter((row) => {
      const dueAt = this.dueAt(row)
      return dueAt !== null && dueAt <= this.now && this.#isServed(row)
    })
  }

  hold(row: ModelRow, fence: Fence): void {
    row.holder = fence
    this.fences.push(fence)
  }

  claim(row: ModelRow, until: number): void {
    row.claims++
    row.writes++
    row.leaseUntil = until
  }

  release(row: ModelRow): void {
    row.claims = Math.max(0, row.claims - 1)
    row.writes++
    row.leaseUntil = null
    row.holder = null
  }

  flag(row: ModelRow, flag: Flag["type"]): void {
    if (row.flags.includes(flag)) return
    row.flags = [...row.flags, flag]
    row.rest = Math.min(row.rest ?? this.now, this.now)
  }

  /** What a commit leaves behind, whoever makes it. */
  write(row: ModelRow, to: Written): void {
    row.writes++
    row.entries++
    row.claims = 0
    row.holder = null
    row.state = to.state
    row.bucket = to.bucket
    row.intent = to.state === "sending.attempting"
    row.flags = isOver(to.state) ? [] : row.flags.slice(to.applied)
    row.leaseUntil = isOver(to.state) ? null : to.lease
    row.rest = isOver(to.state) ? null : row.intent || row.flags.length > 0 ? this.now : to.dueAt
  }

  /** The store is opened again. */
  reopen(clean: boolean): void {
    for (const row of this.rows.values()) {
      if (row.leaseUntil === null) continue
      if (clean) this.release(row)
      row.leaseUntil = null
      row.holder = null
      row.writes++
    }
    // The process that had them is gone.
    this.fences.length = 0
  }

  counts(): Pick<Counts, Bucket | "planned"> {
    const counts = Object.fromEntries(buckets.map((bucket) => [bucket, 0])) as Record<Bucket, number>
    for (const row of this.rows.values()) {
      const renders = row.leaseUntil !== null && (row.bucket === "scheduled" || row.bucket === "retrying")
      counts[renders ? "rendering" : row.bucket]++
    }
    return { ...counts, planned: this.rows.size }
  }

  nextDueAt(): number | null {
    const dues = [...this.rows.values()].flatMap((row) => (this.#isServed(row) ? (this.dueAt(row) ?? []) : []))
    return dues.length === 0 ? null : Math.min(...dues)
  }

  view(row: ModelRow) {
    const { id, state, leaseUntil, intent, flags, claims } = row
    return { id, state, dueAt: this.dueAt(row), leaseUntil, intent, flags, claims }
  }
}

/** The parts of a stored row that the model knows. */
export const viewOf = (row: ExecutionRow) => ({
  id: row.id,
  state: row.state,
  dueAt: row.dueAt,
  leaseUntil: row.leaseUntil,
  intent: row.intent !== null,
  flags: row.flags.map((flag) => flag.type),
  claims: row.claims,
})
