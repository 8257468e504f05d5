import type { StandardSchema } from "../schema.ts"
import { parse } from "../schema.ts"
import type { Storage } from "./storage.ts"

/**
 * A storage plugin whose options are checked before anything is opened.
 *
 * @example
 * ```ts
 * export const mine = defineStorage({ name: "mine", options: z.object({ url: z.url() }), create: ({ url }) => ({ capabilities, open: () => connect(url) }) })
 * const storage = mine({ url: "https://..." })
 * ```
 * @returns A function from options to the plugin; it throws InvalidInput for options that the schema refuses.
 */
export const defineStorage =
  <Options, Input = Options>(definition: {
    readonly name: string
    /** Any Standard Schema that answers synchronously. */
    readonly options: StandardSchema<Options>
    readonly create: (options: Options) => Omit<Storage, "name">
  }): ((options: Input) => Storage) =>
  (options) =>
    Object.assign(
      definition.create(parse(definition.options, options, `The options of the storage "${definition.name}"`)),
      {
        name: definition.name,
      },
    )
