import { MissingDependency } from "../../../sdk/errors.ts"

/**
 * A package that only inspecting needs.
 *
 * @throws MissingDependency with the command that installs it.
 */
export const optionalPackage = async <Module>(name: string, load: () => Promise<Module>): Promise<Module> => {
  try {
    return await load()
  } catch (cause) {
    throw new MissingDependency({
      code: "missing-dependency",
      retryable: false,
      dependency: name,
      cause,
      message: `The observer "stately" needs the package ${name}, which cannot be loaded. Run: npm install ${name}`,
    })
  }
}
