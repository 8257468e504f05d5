import { MissingDependency } from "../../../sdk/errors.ts"

/** The parts of nodemailer that compose and sign; its SMTP client is not used. */
export interface MimeLibrary {
  readonly MailComposer: typeof import("nodemailer/lib/mail-composer").default
  readonly DKIM: typeof import("nodemailer/lib/dkim").default
}

let loaded: Promise<MimeLibrary> | undefined

const load = async (): Promise<MimeLibrary> => {
  try {
    const [composer, dkim] = await Promise.all([import("nodemailer/lib/mail-composer"), import("nodemailer/lib/dkim")])
    return { MailComposer: composer.default, DKIM: dkim.default }
  } catch (cause) {
    throw new MissingDependency({
      code: "missing-dependency",
      retryable: false,
      dependency: "nodemailer",
      message: "Mail is composed with nodemailer 10, which cannot be loaded. Run: npm install nodemailer",
      cause,
    })
  }
}

/**
 * Nodemailer, loaded when the first mail is composed.
 *
 * @throws MissingDependency when it is not installed.
 */
export const mimeLibrary = (): Promise<MimeLibrary> => {
  loaded ??= load()
  return loaded
}
