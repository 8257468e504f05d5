import type { Observer } from "./observer.ts"
import type { StandardSchema } from "./schema.ts"
import { parse } from "./schema.ts"

/**
 * An observer plugin whose options are checked before it is created.
 *
 * @returns A function from options to the plugin; it throws InvalidInput for options that the schema refuses.
 */
export const defineObserver =
  <Options, Input = Options>(definition: {
    readonly name: string
    /** Any Standard Schema that answers synchronously. */
    readonly options: StandardSchema<Options>
    readonly create: (options: Options) => Omit<Observer, "name">
  }): ((options: Input) => Observer) =>
  (options) =>
    Object.assign(
      definition.create(parse(definition.options, options, `The options of the observer "${definition.name}"`)),
      {
        name: definition.name,
      },
    )
