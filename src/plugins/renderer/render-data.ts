import { limits } from "./limits.ts"
import { failure } from "./render-failure.ts"
import { isUnsafeKey } from "./unsafe-key.ts"

/** A mail's values as templates see them: plain data without prototypes. */
export type RenderData = { [name: string]: unknown }

const refuse = (path: string, why: string) =>
  failure("bad-variables", path, `${path === "" ? "the variables" : path} ${why}`)

class DataCopy {
  #room: number = limits.dataChars

  #take(chars: number): void {
    this.#room -= chars
    if (this.#room < 0)
      throw failure("variables-too-large", "", `the values are longer than ${limits.dataChars} characters`)
  }

  #object(source: object, path: string, depth: number): RenderData {
    const copy: RenderData = Object.create(null)
    for (const key of Object.keys(source)) {
      if (isUnsafeKey(key)) throw refuse(path === "" ? key : `${path}.${key}`, "is not an allowed name for a value")
      this.#take(key.length)
      const value = this.value(
        (source as Record<string, unknown>)[key],
        path === "" ? key : `${path}.${key}`,
        depth + 1,
      )
      if (value !== undefined) copy[key] = value
    }
    return copy
  }

  value(source: unknown, path: string, depth: number): unknown {
    switch (typeof source) {
      case "string":
        this.#take(source.length)
        return source
      case "number":
        // As JSON does: what is no number is missing.
        return Number.isFinite(source) ? source : undefined
      case "boolean":
      case "undefined":
        return source
      case "object":
        break
      default:
        throw refuse(path, `is a ${typeof source}: values are plain JSON`)
    }
    if (source === null) return undefined
    if (depth > limits.dataDepth) throw refuse(path, `is nested deeper than ${limits.dataDepth} or contains itself`)
    if (source instanceof Date) return Number.isNaN(source.getTime()) ? undefined : source.toISOString()
    // Each element counts, so that a long list of empty values is limited as well.
    if (Array.isArray(source)) {
      this.#take(source.length)
      return Array.from(source, (item, index) => this.value(item, `${path}.${index}`, depth + 1))
    }
    return this.#object(source, path, depth)
  }
}

/**
 * A copy of the values without prototypes, functions and names like `__proto__`; null and undefined are missing.
 *
 * @throws RenderFailure for values that are not JSON, nested too deep or too large
 */
export const renderData = (variables: Readonly<Record<string, unknown>>, now: number): RenderData => {
  const data = new DataCopy().value(variables, "", 0) as RenderData
  data.now = now
  return data
}
