import { createRequire } from "node:module"
import { MissingDependency } from "../../sdk/errors.ts"

/** Raised whenever the same template may compile to something else by a change of this renderer. */
const ownVersion = "1"

/**
 * The versions that decide what a template compiles to, as one string.
 *
 * @throws MissingDependency with the command that installs what is missing
 */
export const engineVersion = (packages: ReadonlyArray<string>): string => {
  const require = createRequire(import.meta.url)
  const versions = packages.map((name) => {
    try {
      const { version } = require(`${name}/package.json`) as { readonly version: string }
      return `${name}-${version}`
    } catch (cause) {
      throw new MissingDependency({
        code: "missing-dependency",
        retryable: false,
        dependency: name,
        message: `The package ${name} cannot be loaded: install it with npm install ${name}.`,
        cause,
      })
    }
  })
  return [ownVersion, ...versions].join("/")
}
