import { isUrgent } from "../rules.ts"
import type { Leases } from "./leases.ts"
import type { Lane, Position, Records, Stored } from "./records.ts"

interface Floor {
  readonly position: Position
  /** Whether an unheld row stands exactly there. */
  readonly exact: boolean
}

const start: Position = { dueAt: Number.MIN_SAFE_INTEGER, slot: 0 }
const nowhere: Position = { dueAt: Number.MAX_SAFE_INTEGER, slot: 0 }

const isBefore = (left: Position, right: Position): boolean =>
  left.dueAt < right.dueAt || (left.dueAt === right.dueAt && left.slot < right.slot)

const nameOf = (lane: Lane): string => `${lane.urgent ? "!" : "."}${lane.campaignId}`

const placeOf = (stored: Stored): (Lane & Position) | undefined =>
  stored.restDueAt === null
    ? undefined
    : {
        campaignId: stored.row.campaignId,
        urgent: isUrgent(stored.row),
        dueAt: stored.restDueAt,
        slot: stored.slot,
      }

/**
 * Where to look for due rows. A leased row stays in the store's due order, so each scan would wade through all leased
 * rows again; each lane therefore has a floor under which every row is known to be leased.
 */
export class DueLanes {
  readonly #records: Records
  readonly #leases: Leases
  /** Lower bounds: a floor may be too low, which costs time, never too high, which would lose rows. */
  readonly #floors = new Map<string, Floor>()

  constructor(records: Records, leases: Leases) {
    this.#records = records
    this.#leases = leases
  }

  /** A row that nobody holds stands in its lane now. */
  enter(stored: Stored): void {
    const place = placeOf(stored)
    if (place === undefined) return
    const name = nameOf(place)
    const floor = this.#floors.get(name)
    if (floor !== undefined && isBefore(place, floor.position))
      this.#floors.set(name, { position: { dueAt: place.dueAt, slot: place.slot }, exact: true })
  }

  /** A row leaves its lane, or is leased. */
  leave(stored: Stored): void {
    const place = placeOf(stored)
    if (place === undefined) return
    const name = nameOf(place)
    const floor = this.#floors.get(name)
    if (floor?.exact === true && floor.position.slot === stored.slot)
      this.#floors.set(name, { position: floor.position, exact: false })
  }

  /** The first rows of the lane that nobody holds, due until an instant. */
  first(lane: Lane, until: number, limit: number): Array<Stored> {
    const name = nameOf(lane)
    const floor = this.#floors.get(name)?.position ?? start
    if (floor.dueAt > until) return []
    const found: Array<Stored> = []
    let from = floor
    let exhausted = false
    while (found.length < limit && !exhausted) {
      const rows = this.#records.due(lane, from, until, limit)
      for (const stored of rows) if (!this.#leases.has(stored.row.id)) found.push(stored)
      const last = rows.at(-1)
      exhausted = last === undefined || rows.length < limit
      if (last?.row.dueAt != null) from = { dueAt: last.row.dueAt, slot: last.slot + 1 }
    }
    const first = found[0]
    if (first !== undefined)
      this.#floors.set(name, { position: { dueAt: first.row.dueAt ?? 0, slot: first.slot }, exact: true })
    else if (until === Number.MAX_SAFE_INTEGER) this.#floors.set(name, { position: nowhere, exact: false })
    else this.#floors.set(name, { position: from, exact: false })
    return found.slice(0, limit)
  }

  /** When the lane's first row that nobody holds is due; `null` for never. */
  nextDueAt(lane: Lane): number | null {
    const floor = this.#floors.get(nameOf(lane))
    if (floor?.exact === true) return floor.position.dueAt
    if (floor?.position === nowhere) return null
    return this.first(lane, Number.MAX_SAFE_INTEGER, 1)[0]?.row.dueAt ?? null
  }

  /** All rows up to this one were leased: the next scan starts behind it. */
  taken(stored: Stored): void {
    const place = placeOf(stored)
    if (place === undefined) return
    const name = nameOf(place)
    const position = { dueAt: place.dueAt, slot: place.slot + 1 }
    const floor = this.#floors.get(name)
    if (floor === undefined || isBefore(floor.position, position)) this.#floors.set(name, { position, exact: false })
  }

  /** Start again at the beginning: after a write that failed, floors may be too high. */
  reset(): void {
    this.#floors.clear()
  }
}
