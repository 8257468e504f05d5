import { MissingDependency } from "sendstate/sdk"

/** The packages that the inbox is made of. */
export interface MailServerPackages {
  readonly SMTPServer: typeof import("smtp-server").SMTPServer
  readonly simpleParser: typeof import("mailparser").simpleParser
}

/**
 * Loads what only the demo needs.
 *
 * @throws MissingDependency with the command that installs it.
 */
export const mailServerPackages = async (): Promise<MailServerPackages> => {
  try {
    const [server, parser] = await Promise.all([import("smtp-server"), import("mailparser")])
    return { SMTPServer: server.SMTPServer, simpleParser: parser.simpleParser }
  } catch (cause) {
    throw new MissingDependency({
      code: "missing-dependency",
      retryable: false,
      dependency: "smtp-server",
      cause,
      message:
        "The demo brings its own mail server, made of smtp-server and mailparser, and they cannot be loaded. Run: npm install smtp-server mailparser",
    })
  }
}
