import { InvalidInput } from "../../sdk/errors.ts"

/** Letters, digits, - and _; folders with /. No dots: `name.de.mjml` is the German variant of `name.mjml`. */
const pattern = /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/

/**
 * The name, when it can only mean a place inside a directory.
 *
 * @throws InvalidInput for `../x`, absolute paths, dots and backslashes
 */
export const checkTemplateName = (name: string): string => {
  if (pattern.test(name) && name.length <= 200) return name
  throw new InvalidInput({
    code: "bad-template-name",
    retryable: false,
    issues: [{ path: "template", message: "is no template name" }],
    message: `${JSON.stringify(name.slice(0, 60))} is no template name: use letters, digits, - and _, with / for folders, and no file ending.`,
  })
}
