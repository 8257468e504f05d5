import type { ExecutionContext, ExecutionRow } from "../../../sdk/domain/execution.ts"
import type { RetryPolicy } from "../../../sdk/retry-policy.ts"
import { checksum } from "./checksum.ts"
import { type Connection, corrupt } from "./connection.ts"

/** What all executions of a step share. */
export type Shape = Pick<ExecutionRow, "campaignId" | "step" | "template" | "definition"> &
  Pick<ExecutionContext, "machine" | "timeScale" | "retry">

/**
 * Stores once what would otherwise be half of each row. There are as many shapes as steps of definitions, so they are
 * kept in memory.
 */
export class ShapeTable {
  readonly #connection: Connection
  readonly #refs = new Map<string, number>()
  readonly #shapes = new Map<number, Shape>()
  readonly #retries = new WeakMap<RetryPolicy, string>()

  constructor(connection: Connection) {
    this.#connection = connection
    connection.onRollback(() => {
      this.#refs.clear()
      this.#shapes.clear()
    })
  }

  #retry(retry: RetryPolicy): string {
    const known = this.#retries.get(retry)
    if (known !== undefined) return known
    const text = JSON.stringify(retry)
    this.#retries.set(retry, text)
    return text
  }

  /** The number of the row's shape. */
  refOf({ campaignId, step, template, definition, context }: ExecutionRow): number {
    const { machine, timeScale, retry } = context
    const key = `${campaignId}\n${step}\n${template}\n${definition}\n${machine}\n${timeScale}\n${this.#retry(retry)}`
    const known = this.#refs.get(key)
    if (known !== undefined) return known
    const shape: Shape = {
      campaignId,
      step,
      template,
      definition,
      machine,
      timeScale,
      retry: Object.freeze({ ...retry }),
    }
    const body = JSON.stringify(shape)
    const there = this.#connection.prepare("SELECT ref FROM shape WHERE body = ?").get(body)?.ref
    let ref = typeof there === "number" ? there : undefined
    if (ref === undefined) {
      this.#connection.begin()
      const { lastInsertRowid } = this.#connection
        .prepare("INSERT INTO shape (body, crc) VALUES (?, ?)")
        .run(body, checksum(body))
      ref = Number(lastInsertRowid)
    }
    this.#refs.set(key, ref)
    this.#shapes.set(ref, shape)
    return ref
  }

  /** The shape of a number that {@link refOf} gave. */
  get(ref: number): Shape {
    const known = this.#shapes.get(ref)
    if (known !== undefined) return known
    const found = this.#connection.prepare("SELECT body, crc FROM shape WHERE ref = ?").get(ref)
    const body = found?.body
    if (typeof body !== "string" || checksum(body) !== found?.crc) throw corrupt(this.#connection.path, `Shape ${ref}`)
    const shape = JSON.parse(body) as Shape
    Object.freeze(shape.retry)
    this.#shapes.set(ref, shape)
    return shape
  }
}
