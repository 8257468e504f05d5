import { expect, test } from "vitest"
import { campaignFolder, oneMail } from "./campaign-folder.ts"
import { sendstate } from "./command.ts"

const checked = async (leads: string | Uint8Array) => {
  await using folder = await campaignFolder(`${oneMail}variables: { firstName: you }\n`, "")
  await folder.write("leads.csv", leads)
  const { code, stderr, json } = await sendstate(folder.path, [
    "run",
    "campaign.yaml",
    "leads.csv",
    "--dry-run",
    "--json",
  ])
  return { code, stderr, result: json() }
}

test("a file as spreadsheets write it: a mark, semicolons, CRLF, blank lines, line breaks in quotes, any case of the head", async () => {
  const { result } = await checked(
    '\ufeffEmail;Name;note\r\na@x.test;"Ann; Sales";"two\r\nlines"\r\n\r\n\r\nbad;B;x\r\nc@x.test;C;"said ""hi"""\r\nd@x.test;D',
  )
  expect(result).toMatchObject({
    leads: 2,
    rejectedRows: [
      { line: 6, reason: "email: the @ is missing" },
      { line: 8, reason: "it has 2 cells, the first line 3" },
    ],
  })
})

test("a quote that is never closed costs its own line only", async () => {
  const { result } = await checked('email,name\na@x.test,A\nb@x.test,"B\nc@x.test,C\nd@x.test,D\n')
  expect(result).toMatchObject({
    leads: 3,
    rejectedRows: [{ line: 3, reason: "a value begins with a quote that is never closed" }],
  })
})

test("text that is not UTF-8 is refused where it stands; a file without addresses, or in UTF-16, as a whole", async () => {
  const [latin, wide, without, hostile, empty] = await Promise.all([
    checked(Buffer.from("email,name\na@x.test,Ann\nb@x.test,Zo\u00eb\n", "latin1")),
    checked(Buffer.from("\ufeffemail\na@x.test\n", "utf16le")),
    checked("mail,name\na@x.test,Ann\n"),
    checked("email,__proto__\na@x.test,x\n"),
    checked("email\n"),
  ])
  expect(latin.result).toMatchObject({ leads: 1, rejectedRows: [{ line: 3, reason: "name is not UTF-8" }] })
  expect([wide.code, without.code, hostile.code, empty.code]).toEqual([1, 1, 1, 1])
  expect(wide.stderr).toContain("save it as UTF-8")
  expect(without.stderr).toContain('it has no column "email"; its first line names mail, name')
  expect(hostile.stderr).toContain('a column cannot be called "__proto__"')
  expect(empty.stderr).toContain("there is no lead to mail")
})

test("a folder in place of a lead file is named, with what to give", async () => {
  await using folder = await campaignFolder(oneMail, "")
  const { code, stderr } = await sendstate(folder.path, ["run", "campaign.yaml", ".", "--dry-run"])
  expect(code).toBe(1)
  expect(stderr).toContain(".: it is a folder; give a CSV file that is in it")
})
