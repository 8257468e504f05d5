import type { ArgDef } from "citty"
import type { Command, CommandEntry } from "./command.ts"
import { out } from "./output.ts"

const columns = (rows: ReadonlyArray<readonly [string, string]>): string => {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd()).join("\n")
}

const title = (text: string): string => out.style("bold", text)

/** The help of the whole command line; needs no command to be loaded. */
export const overviewText = (table: Readonly<Record<string, CommandEntry>>): string =>
  [
    `${title("sendstate")}: e-mail campaigns that lose nothing, repeat nothing silently, and explain themselves`,
    "",
    `${title("Usage")}  sendstate <command> [arguments]`,
    "",
    title("Commands"),
    columns(Object.entries(table).map(([name, { summary }]) => [name, summary] as const)),
    "",
    `  sendstate <command> --help shows its arguments. Every command takes --json.`,
    "",
    title("Exit codes, the first that applies"),
    columns([
      ["130", "drained by Ctrl-C"],
      ["1", "wrong usage or configuration, also a campaign stopped by one (wrong password)"],
      ["3", "something is in doubt: resolve it"],
      ["2", "failures or rejected rows"],
      ["4", "work remains (--until-idle, paused, cancelled)"],
      ["0", "done"],
    ]),
    "",
    title("Environment"),
    columns([
      ["SENDSTATE_SMTP_URL", "SMTP server, so that no password stands in the list of processes"],
      ["SENDSTATE_SMTP_URL_NAME", "The one that the campaign file lists by this name"],
      ["SENDSTATE_API_KEY_NAME", "Key of the HTTP API that the campaign file lists by this name"],
      ["AWS_ACCESS_KEY_ID, ...", "Keys of Amazon SES: AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN"],
      ["SENDSTATE_DB", "Database of the commands that look at one"],
      ["SENDSTATE_DEBUG=1", "Errors with their stack"],
    ]),
  ].join("\n")

const hintOf = (arg: ArgDef): string => {
  if (arg.type === "boolean") return ""
  if (arg.type === "enum") return ` ${(arg.options ?? []).join("|")}`
  return ` ${arg.valueHint ?? "TEXT"}`
}

/** The help of one command. */
export const commandText = (name: string, summary: string, command: Command): string => {
  const args = Object.entries(command.args)
  const positional = args.filter(([, arg]) => arg.type === "positional")
  const options = args.filter(([, arg]) => arg.type !== "positional")
  const shown = positional.map(([key, arg]) => {
    const text = arg.valueHint ?? key.toUpperCase()
    return arg.required === false ? `[${text}]` : text
  })
  return [
    summary,
    "",
    `${title("Usage")}  ${["sendstate", name, ...shown, options.length > 0 ? "[options]" : ""].join(" ").trimEnd()}`,
    ...(positional.length === 0
      ? []
      : ["", columns(positional.map(([, arg], index) => [shown[index] ?? "", arg.description ?? ""] as const))]),
    ...(options.length === 0
      ? []
      : [
          "",
          title("Options"),
          columns(options.map(([key, arg]) => [`--${key}${hintOf(arg)}`, arg.description ?? ""])),
        ]),
  ].join("\n")
}
