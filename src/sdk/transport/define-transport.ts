import type { StandardSchema } from "../schema.ts"
import { parse } from "../schema.ts"
import type { Transport } from "./transport.ts"

/**
 * A transport plugin whose options are checked before it is created.
 *
 * @returns A function from options to the plugin; it throws InvalidInput for options that the schema refuses.
 */
export const defineTransport =
  <Options, Input = Options>(definition: {
    readonly name: string
    /** Any Standard Schema that answers synchronously. */
    readonly options: StandardSchema<Options>
    readonly create: (options: Options) => Omit<Transport, "name">
  }): ((options: Input) => Transport) =>
  (options) =>
    Object.assign(
      definition.create(parse(definition.options, options, `The options of the transport "${definition.name}"`)),
      {
        name: definition.name,
      },
    )
