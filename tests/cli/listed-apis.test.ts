import { expect, test } from "vitest"
import { fakeProvider, hangUp, json } from "../plugins/transport/http/fake-provider.ts"
import { campaignFolder, leadsCsv, oneMail } from "./campaign-folder.ts"
import { sendstate } from "./command.ts"
import { type FakeMailApi, fakeOwnApi, fakePostmark, fakeResend } from "./mail-api.ts"
import { MailInbox } from "./mail-inbox.ts"

const run = ["run", "campaign.yaml", "leads.csv", "--yes", "--json"]

const listing = (...transports: ReadonlyArray<string>): string =>
  `${oneMail}transports:\n${transports.map((line) => `  - { ${line} }\n`).join("")}`

const fast = "maxPerSecond: unlimited"

const once = (count: number): Readonly<Record<string, number>> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`u${index + 1}@x.test`, 1]))

/** How many copies each address got from all of them together. */
const copiesOf = (...apis: ReadonlyArray<Pick<FakeMailApi, "taken">>): Readonly<Record<string, number>> => {
  const copies: Record<string, number> = {}
  for (const { taken } of apis) for (const to of taken) copies[to] = (copies[to] ?? 0) + 1
  return copies
}

const tooMany = { answer: json(429, { statusCode: 429, name: "rate_limit_exceeded", message: "Too many requests" }) }

const keys = { SENDSTATE_API_KEY_MAILER: "re_key", SENDSTATE_API_KEY_PM: "pm_token" }

test("a campaign is sent through Resend alone, without any mail server, and a second run sends nothing", async () => {
  const mailer = await fakeResend("re_key")
  await using folder = await campaignFolder(
    listing(`name: mailer, provider: resend, ${fast}, baseUrl: "${mailer.url}"`),
    leadsCsv(30),
  )
  const dry = await sendstate(folder.path, [...run, "--dry-run"], keys)
  expect(dry.json()).toMatchObject({
    dryRun: true,
    transports: [{ name: "mailer", provider: "resend", check: "ready" }],
  })
  expect(mailer.requests.map(({ path }) => path)).toEqual(["/domains"])
  const ended = await sendstate(folder.path, run, keys)
  expect(ended.stderr).toMatch(
    /\n {2}through {3}mailer {2}Resend at http:\/\/127\.0\.0\.1:\d+, 5 requests at once, as fast as it takes them\n/,
  )
  expect(ended.stderr).toMatch(
    /in doubt .*\n {12}through mailer: first sent again under the same key, no second copy within 23 hours\n/,
  )
  expect(ended.json()).toMatchObject({ state: "completed", sent: 30 })
  expect(ended.code).toBe(0)
  expect(copiesOf(mailer)).toEqual(once(30))
  expect((await sendstate(folder.path, run, keys)).code).toBe(0)
  expect(mailer.taken).toHaveLength(30)
})

test("when Resend takes no more, Postmark does; what Resend may have stays there, and nobody has two", async () => {
  const mailer = await fakeResend("re_key")
  const pm = await fakePostmark("pm_token")
  let doubtful = ""
  // It breaks with a mail that it has, and soon wants no more for a while.
  mailer.mail = (to) => {
    if (to === doubtful) return undefined
    if (doubtful === "") {
      doubtful = to
      return { answer: json(500, { name: "application_error" }), takes: true }
    }
    return mailer.taken.length >= 5 ? tooMany : undefined
  }
  const file = `${listing(
    `name: mailer, provider: resend, ${fast}, maxConcurrency: 1, baseUrl: "${mailer.url}"`,
    `name: pm, provider: postmark, ${fast}, weight: 0, messageStream: news, baseUrl: "${pm.url}"`,
  )}retry: { base: 1 second, jitter: 0 }\n`
  await using folder = await campaignFolder(file, leadsCsv(40))
  const ended = await sendstate(folder.path, [...run, "--speed", "1000"], keys)
  expect(ended.stderr).toMatch(/pm {6}Postmark at http.*, only when the others are out, 10 requests at once/)
  expect(ended.stderr).toContain("through pm: first looked up there, what is found was sent")
  expect(ended.json()).toMatchObject({ state: "completed", sent: 40, inDoubtTotal: 1, resent: 0 })
  expect(copiesOf(mailer, pm)).toEqual(once(40))
  expect(mailer.taken).toContain(doubtful)
  expect(pm.taken.length).toBeGreaterThan(30)
  expect(JSON.parse(pm.requests.find(({ method }) => method === "POST")?.body ?? "")).toMatchObject({
    MessageStream: "news",
  })
  const before = [mailer.taken.length, pm.taken.length]
  expect((await sendstate(folder.path, run, keys)).json()).toMatchObject({ sent: 40 })
  expect([mailer.taken.length, pm.taken.length]).toEqual(before)
})

test("status names the API that takes no more", async () => {
  const mailer = await fakeResend("re_key")
  const pm = await fakePostmark("pm_token")
  mailer.mail = () => tooMany
  const file = listing(
    `name: mailer, provider: resend, ${fast}, baseUrl: "${mailer.url}"`,
    `name: pm, provider: postmark, ${fast}, weight: 0, baseUrl: "${pm.url}"`,
  )
  await using folder = await campaignFolder(file, leadsCsv(20))
  expect((await sendstate(folder.path, run, keys)).json()).toMatchObject({ state: "completed", sent: 20 })
  expect(copiesOf(mailer, pm)).toEqual(once(20))
  const status = await sendstate(folder.path, ["status"])
  expect(status.stdout).toMatch(/^mailer {2}circuit open until .*Too many requests/m)
  expect(status.stdout).not.toContain("pm")
})

test("an API and a mail server share the mails; one that is down keeps nobody from starting", async () => {
  await using main = await MailInbox.start()
  const mailer = await fakeResend("re_key")
  const file = listing(
    `name: main, url: "${main.url()}"`,
    `name: mailer, provider: resend, ${fast}, baseUrl: "${mailer.url}"`,
    `name: pm, provider: postmark, baseUrl: "http://127.0.0.1:45999"`,
  )
  await using folder = await campaignFolder(file, leadsCsv(40))
  const ended = await sendstate(folder.path, run, keys)
  expect(ended.stderr).toMatch(/pm cannot be used \(connection-refused: .*; others take its mails meanwhile/)
  expect(ended.json()).toMatchObject({
    sent: 40,
    transports: [{ provider: "smtp" }, { provider: "resend", check: "ready" }, { check: "unusable" }],
  })
  expect(copiesOf(mailer, { taken: main.received.map(({ to }) => to) })).toEqual(once(40))
  expect(Math.min(main.received.length, mailer.taken.length)).toBeGreaterThan(0)
})

test("a wrong key is told before the first mail, with the variable that holds it; a busy API is waited for", async () => {
  const mailer = await fakeResend("another")
  await using folder = await campaignFolder(
    listing(`name: mailer, provider: resend, baseUrl: "${mailer.url}"`),
    leadsCsv(3),
  )
  const ended = await sendstate(folder.path, run, keys)
  expect(ended.code).toBe(1)
  expect(ended.stderr).toMatch(
    /mailer \(Resend at .*\) cannot be used \(validation_error: .*API key is invalid.*Check SENDSTATE_API_KEY_MAILER, what/,
  )
  expect(mailer.requests.map(({ method }) => method)).toEqual(["GET"])

  await folder.write(
    "campaign.yaml",
    listing('name: mailer, provider: resend, baseUrl: "https://no-such-host.invalid"'),
  )
  const nowhere = await sendstate(folder.path, run, keys)
  expect(nowhere.stderr).toMatch(/mailer .* cannot be used \((host-not-found|dns-temporary): .*Check the network/)

  const full = await fakeProvider(tooMany.answer)
  await folder.write("campaign.yaml", listing(`name: mailer, provider: resend, baseUrl: "${full.url}"`))
  const busy = await sendstate(folder.path, [...run, "--dry-run"], keys)
  expect(busy.stderr).toContain("mailer is busy (rate_limit_exceeded: 429")
  expect(busy.code).toBe(0)
})

test("an API of your own that cannot be asked shows with its first mails that the key is wrong", async () => {
  const own = await fakeOwnApi("x-api-key", "right")
  const spare = await fakePostmark("pm_token")
  const entry = `name: own, provider: http, keyHeader: X-Api-Key, url: "${own.url}/send"`
  await using folder = await campaignFolder(listing(entry), leadsCsv(1_000))
  const wrong = await sendstate(folder.path, run, { SENDSTATE_API_KEY_OWN: "old-4711" })
  expect(wrong.stderr).toContain("own cannot be asked without sending: its first mail shows whether it lets us in")
  expect(wrong.json()).toMatchObject({ state: "degraded", sent: 0, failed: 0, transports: [{ check: "unasked" }] })
  expect(wrong.code).toBe(1)
  expect(own.requests.length).toBeLessThanOrEqual(10)

  await folder.write(
    "campaign.yaml",
    listing(entry, `name: pm, provider: postmark, ${fast}, weight: 0, baseUrl: "${spare.url}"`),
  )
  await folder.write("leads.csv", leadsCsv(20))
  const db = ["--db", "other.db"]
  const elsewhere = await sendstate(folder.path, [...run, ...db], { ...keys, SENDSTATE_API_KEY_OWN: "old-4711" })
  expect(elsewhere.json()).toMatchObject({ state: "completed", sent: 20 })
  expect(elsewhere.stderr).toMatch(/own sends nothing for this sender \(401 .*wrong key"}\): remove the cause/)
  expect(copiesOf(spare)).toEqual(once(20))

  await folder.write("campaign.yaml", listing(entry))
  const right = await sendstate(folder.path, [...run, "--db", "right.db"], { SENDSTATE_API_KEY_OWN: "right" })
  expect(right.json()).toMatchObject({ state: "completed", sent: 20 })
  expect(copiesOf(own)).toEqual(once(20))
})

test("an API that hangs up is asked again under the same key, and nobody has two", async () => {
  const mailer = await fakeResend("re_key")
  const broken = new Set<string>()
  mailer.mail = (to) => {
    if (broken.has(to)) return undefined
    broken.add(to)
    return { answer: hangUp, takes: true }
  }
  const file = `${listing(
    `name: mailer, provider: resend, ${fast}, baseUrl: "${mailer.url}"`,
  )}retry: { base: 1 second, jitter: 0 }\n`
  await using folder = await campaignFolder(file, leadsCsv(10))
  const ended = await sendstate(folder.path, [...run, "--speed", "1000"], keys)
  expect(ended.json()).toMatchObject({ state: "completed", sent: 10, inDoubtTotal: 10, resent: 0 })
  expect(copiesOf(mailer)).toEqual(once(10))
})

test("a test mail goes through the API that takes the sender, also with one key only", async () => {
  const mailer = await fakeResend("re_key")
  const file = listing(
    "name: other, provider: postmark, senders: [other.test]",
    `name: mailer, provider: resend, baseUrl: "${mailer.url}"`,
  )
  await using folder = await campaignFolder(file, leadsCsv(1))
  const preview = ["preview", "campaign.yaml", "--lead", "u1@x.test", "--to", "me@x.test"]
  const sent = await sendstate(folder.path, preview, { SENDSTATE_API_KEY_MAILER: "re_key" })
  expect(sent.stderr).toContain("sent to me@x.test")
  expect(mailer.taken).toEqual(["me@x.test"])
  const wrong = await sendstate(folder.path, preview, { SENDSTATE_API_KEY_MAILER: "re_old" })
  expect(wrong.stderr).toMatch(/refused \(validation_error\): .*API key is invalid/)
  expect(wrong.code).toBe(1)
  const none = await sendstate(folder.path, preview)
  expect(none.stderr).toMatch(/Set SENDSTATE_API_KEY_MAILER to the key of mailer\./)
  const asked = await sendstate(folder.path, [...preview, "--smtp", "mailer=smtp://127.0.0.1:9"])
  expect(asked.stderr).toMatch(/"mailer" of the campaign file is no SMTP server, but resend/)
})

test("keys that are not there are named together, and those of Amazon are the usual ones", async () => {
  const file = listing(
    "name: main",
    "name: my.mailer, provider: resend",
    "name: pm, provider: postmark",
    "name: amazon, provider: ses, region: eu-west-1",
    'name: own, provider: http, url: "https://mail.acme.test/send"',
    'name: other, provider: http, keyHeader: X-Api-Key, url: "https://mail.acme.test/send"',
  )
  await using folder = await campaignFolder(file, leadsCsv(1))
  const ended = await sendstate(folder.path, run, { AWS_ACCESS_KEY_ID: "AKIA" })
  expect(ended.code).toBe(1)
  expect(ended.stderr).toContain(
    "Set SENDSTATE_SMTP_URL_MAIN to the URL of main (or give --smtp main=URL), SENDSTATE_API_KEY_MY_MAILER to the key of my.mailer, SENDSTATE_API_KEY_PM to the key of pm, AWS_SECRET_ACCESS_KEY to the key of amazon, SENDSTATE_API_KEY_OTHER to the key of other.",
  )
  const ses = await fakeProvider((request, response) =>
    json(200, request.method === "GET" ? {} : { MessageId: "0100" })(request, response),
  )
  await folder.write(
    "campaign.yaml",
    listing(`name: amazon, provider: ses, region: eu-west-1, configurationSet: news, baseUrl: "${ses.url}"`),
  )
  const aws = { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "aws/secret", AWS_SESSION_TOKEN: "session" }
  const sent = await sendstate(folder.path, run, aws)
  expect(sent.stderr).toMatch(/through {3}amazon {2}Amazon SES in eu-west-1 at http:/)
  expect(sent.json()).toMatchObject({ sent: 1, transports: [{ provider: "ses", check: "ready" }] })
  const [asked, mail] = ses.requests
  expect([asked?.path, mail?.path]).toEqual(["/v2/email/account", "/v2/email/outbound-emails"])
  expect(mail?.headers).toMatchObject({
    authorization: expect.stringMatching(/Credential=AKIA\/\d+\/eu-west-1\/ses/),
    "x-amz-security-token": "session",
  })
  expect(JSON.parse(mail?.body ?? "")).toMatchObject({ ConfigurationSetName: "news" })
})

test("a list that makes no sense is refused at its place, all of it at once, and no key is taken from a file", async () => {
  const own = 'name: own, provider: http, url: "https://a.test/send"'
  const entries: ReadonlyArray<readonly [entry: string, says: RegExp]> = [
    [
      "name: a, provider: resend, apiKey: c4n4ry",
      /line 6, column 42, transports\.0\.apiKey: .*: set SENDSTATE_API_KEY_A$/,
    ],
    ["name: pm, provider: postmark, serverToken: c4n4ry", /serverToken: .*: set SENDSTATE_API_KEY_PM$/],
    [
      "name: a, provider: ses, region: eu-west-1, secretAccessKey: c4n4ry",
      /secretAccessKey: .*: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY$/,
    ],
    ["name: main, password: c4n4ry", /password: .*: set SENDSTATE_SMTP_URL_MAIN to the whole URL$/],
    [
      `${own}, headers: { Authorization: c4n4ry }`,
      /headers\.Authorization: .*: set SENDSTATE_API_KEY_OWN, and keyHeader/,
    ],
    [
      'name: own, provider: http, url: "https://a.test/?api_key=c4n4ry"',
      /url: holds a secret; .*SENDSTATE_API_KEY_OWN$/,
    ],
    ['name: a, provider: resend, baseUrl: "https://ann:c4n4ry@a.test"', /baseUrl: holds a secret/],
    ['name: a, provider: resend, baseUrl: "http://a.test"', /line 13, column 43, .*baseUrl: must be an https: URL/],
    ["name: a, provider: resend, weigth: 2", /no field "weigth" of resend; there are name, .*baseUrl/],
    ["name: a, provider: http, body: x", /no field "body" of http/],
    ["name: a, provider: resend, maxPerSecond: fast", /line 16, column 48, transports\.10\.maxPerSecond: /],
    ["name: a, provider: ses", /line 17, column 5, transports\.11: ses needs region/],
    ["name: a, provider: ses, region: europe", /transports\.12\.region: must be a region/],
    [`${own}, keyHeader: "a b"`, /transports\.13\.keyHeader: must be a header name/],
    [`${own}, headers: x`, /transports\.14\.headers: /],
    ["name: a, provider: sendgrid", /transports\.15\.provider: .*"smtp"\|"resend"\|"postmark"\|"ses"\|"http"/],
  ]
  await using folder = await campaignFolder(listing(...entries.map(([entry]) => entry)), leadsCsv(1))
  const all = await sendstate(folder.path, run, { ...keys, SENDSTATE_DEBUG: "1" })
  const linesAbout = (index: number): string =>
    all.stderr
      .split("\n")
      .filter((line) => new RegExp(`transports\\.${index}[.:]`).test(line))
      .join("\n")
  for (const [index, [, says]] of entries.entries()) expect(linesAbout(index)).toMatch(says)
  expect(all.stdout + all.stderr).not.toContain("c4n4ry")
  expect(all.code).toBe(1)

  const resend = "name: mailer, provider: resend"
  const refusals: ReadonlyArray<readonly [campaign: string, smtp: ReadonlyArray<string>, says: RegExp]> = [
    [listing("name: a-b", "name: a_b, provider: resend"), [], /line 7, .*transports\.1\.name: .*A_B, as "a-b" is/],
    [
      `${listing("name: main", resend)}envelopeFrom: bounces@acme.test\n`,
      [],
      /line 8, column 15, envelopeFrom: the transport "mailer" \(resend\) sets the bounce address itself/,
    ],
    [listing(resend), ["smtp://127.0.0.1:9"], /transports mailer, none of which is an SMTP server: leave --smtp out/],
    [
      listing("name: main", resend),
      ["mailer=smtp://127.0.0.1:9"],
      /no SMTP server, but resend\. Its key comes from SENDSTATE_API_KEY_MAILER/,
    ],
    [listing("name: main", resend), ["smtp://127.0.0.1:9"], /say which one is meant, --smtp main=URL/],
    [listing(resend), [], /SENDSTATE_API_KEY_MAILER for the transport "mailer" must be printable ASCII/],
  ]
  for (const [campaign, smtp, says] of refusals) {
    await folder.write("campaign.yaml", campaign)
    const ended = await sendstate(folder.path, [...run, ...smtp.flatMap((url) => ["--smtp", url])], {
      SENDSTATE_API_KEY_MAILER: "c4n4ry with spaces",
      SENDSTATE_DEBUG: "1",
    })
    expect(ended.stderr).toMatch(says)
    expect(ended.stdout + ended.stderr).not.toContain("c4n4ry")
    expect(ended.code).toBe(1)
  }
})
