/** A record as it is persisted: its key, and its new value or `null` when it is removed. */
export type RecordChange = readonly [key: string, value: object | null]

/**
 * What happened to records in memory since they were last durable: how to take it back, and which records a store has
 * to write.
 */
export class Journal {
  readonly #undos: Array<() => void> = []
  readonly #now = new Map<string, object | null>()
  readonly #before = new Map<string, object | null>()
  readonly #persisted: boolean

  /** @param persisted Whether changes are collected at all; undoing works without. */
  constructor(persisted: boolean) {
    this.#persisted = persisted
  }

  undoable(undo: () => void): void {
    this.#undos.push(undo)
  }

  changed(kind: string, key: string, before: object | undefined, after: object | undefined): void {
    if (!this.#persisted) return
    const name = `${kind}/${key}`
    this.#set(name, before ?? null, after ?? null)
    this.#undos.push(() => this.#set(name, null, before ?? null))
  }

  #set(name: string, before: object | null, after: object | null): void {
    if (!this.#before.has(name)) this.#before.set(name, before)
    this.#now.set(name, after)
  }

  /** A place to go back to. */
  get mark(): number {
    return this.#undos.length
  }

  /** Takes back what happened after the mark, last first. */
  undoTo(mark: number): void {
    while (this.#undos.length > mark) this.#undos.pop()?.()
  }

  /** Records as they are now, each once. */
  changes(): Array<RecordChange> {
    return [...this.#now]
  }

  /** The same records as they were. */
  reversed(): Array<RecordChange> {
    return [...this.#before]
  }

  /** Everything is durable, or was taken back. */
  clear(): void {
    this.#undos.length = 0
    this.#now.clear()
    this.#before.clear()
  }
}
