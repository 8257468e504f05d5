import type { StandardSchema } from "../schema.ts"
import { parse } from "../schema.ts"
import type { Renderer } from "./renderer.ts"

/**
 * A renderer plugin whose options are checked before it is created.
 *
 * @returns A function from options to the plugin; it throws InvalidInput for options that the schema refuses.
 */
export const defineRenderer =
  <Options, Input = Options>(definition: {
    readonly name: string
    /** Any Standard Schema that answers synchronously. */
    readonly options: StandardSchema<Options>
    readonly create: (options: Options) => Omit<Renderer, "name">
  }): ((options: Input) => Renderer) =>
  (options) =>
    Object.assign(
      definition.create(parse(definition.options, options, `The options of the renderer "${definition.name}"`)),
      {
        name: definition.name,
      },
    )
