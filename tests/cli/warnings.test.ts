import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, oneMail } from "./campaign-folder.ts"
import { sendstate } from "./command.ts"

const plain = "---\nsubject: Hello\n---\n<p>Hello</p><a href='http://shop.test/'>shop</a>\n"
const mended = "---\nsubject: Hello\n---\n<p>Hello</p><a href='{{unsubscribeUrl}}'>no more</a>\n"

test("a run warns of what may keep its mails from being read before it asks; preview of one mail too", async () => {
  await using folder = await campaignFolder(oneMail, leadsCsv(3))
  await folder.write("templates/hello.html", plain)
  const dryRun = ["run", "campaign.yaml", "leads.csv", "--dry-run"]
  const { stdout, code } = await sendstate(folder.path, dryRun)
  expect(code).toBe(0)
  expect(stdout).toContain("2 warnings, nothing is kept from being sent:")
  expect(stdout).toContain("    There is no way to unsubscribe: give the campaign unsubscribe.url.")
  expect(stdout).toContain("    hello: http://shop.test is not https")
  expect(stdout).toContain("(3 mails)")
  expect((await sendstate(folder.path, [...dryRun, "--json"])).json()).toMatchObject({
    leads: 3,
    warnings: [
      { code: "unsubscribe-missing", template: null, mails: 0 },
      { code: "link-insecure", template: "hello", mails: 3 },
    ],
  })
  const preview = await sendstate(folder.path, ["preview", "campaign.yaml", "--lead", "u1@x.test", "--json"])
  expect(preview.stderr).toContain("hello: http://shop.test is not https")
  expect(preview.json()).toMatchObject({ warnings: [{ code: "unsubscribe-missing" }, { code: "link-insecure" }] })

  await folder.write("campaign.yaml", `${oneMail}topic: news\nunsubscribe: { url: "https://acme.test/u/{token}" }\n`)
  await folder.write("templates/hello.html", mended)
  expect((await sendstate(folder.path, [...dryRun, "--json"])).json()).toMatchObject({ warnings: [] })
  const good = await sendstate(folder.path, ["preview", "campaign.yaml", "--lead", "u1@x.test"])
  expect(good.stderr).toBe("")
  expect(good.stdout).toMatch(/List-ID: <news\.acme\.test>/)
  expect(good.stdout).toMatch(/List-Unsubscribe: https:\/\/acme\.test\/u\/[\w.-]+/)
})
