import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A folder with a campaign of its own; plain HTML templates, so that no test waits for MJML. */
export interface CampaignFolder extends AsyncDisposable {
  readonly path: string
  readonly write: (name: string, text: string | Uint8Array) => Promise<void>
}

const template = (subject: string, body: string): string => `---\nsubject: '${subject}'\n---\n<p>${body}</p>\n`

/** The campaign file of most tests: two mails, the second a day after the first. */
export const twoMails = [
  "id: news",
  "from: Ann <ann@acme.test>",
  "steps:",
  "  - template: hello",
  "  - template: nudge",
  "    after: 1 day",
  "retry: { attempts: 3, base: 1 minute, cap: 1 hour, jitter: 0 }",
  "",
].join("\n")

/** One mail only. */
export const oneMail = ["id: news", "from: Ann <ann@acme.test>", "steps:", "  - template: hello", ""].join("\n")

/** Leads of these numbers: `u1@x.test`... */
export const leadsCsv = (count: number): string =>
  ["email,firstName", ...Array.from({ length: count }, (_, index) => `u${index + 1}@x.test,U${index + 1}`), ""].join(
    "\n",
  )

/** A folder with `campaign.yaml`, `leads.csv` and the templates `hello` and `nudge`. Removed when disposed. */
export const campaignFolder = async (campaign: string, leads: string): Promise<CampaignFolder> => {
  const path = await mkdtemp(join(tmpdir(), "sendstate-cli-"))
  const write = (name: string, text: string | Uint8Array): Promise<void> => writeFile(join(path, name), text)
  const { mkdir } = await import("node:fs/promises")
  await mkdir(join(path, "templates"))
  await write("campaign.yaml", campaign)
  await write("leads.csv", leads)
  await write("templates/hello.html", template("Hello {{firstName}}", "Hello {{firstName}}, how are you?"))
  await write("templates/nudge.html", template("Still there, {{firstName}}?", "A day went by."))
  return { path, write, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
