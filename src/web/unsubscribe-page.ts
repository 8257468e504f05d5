/** What the page says. */
export type UnsubscribePageState =
  /** Asks, with a form that posts to the same URL. */
  | "ask"
  /** It is done. */
  | "done"
  /** The link is broken or not ours. */
  | "invalid"

const texts: Readonly<Record<UnsubscribePageState, { readonly title: string; readonly body: string }>> = {
  ask: {
    title: "Unsubscribe?",
    body: '<p>You will get no more of these mails.</p><form method="post"><button name="confirm" value="yes">Unsubscribe</button></form>',
  },
  done: { title: "You are unsubscribed.", body: "<p>You will get no more of these mails.</p>" },
  invalid: {
    title: "This link does not work.",
    body: "<p>It may have been cut. Open it from the mail again, or answer the mail.</p>",
  },
}

/** The built-in page: no script, no outside request, nothing of the reader in it. */
export const unsubscribePage = (state: UnsubscribePageState): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${texts[state].title}</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}button{font:inherit;padding:.5rem 1rem}</style>
</head>
<body><h1>${texts[state].title}</h1>${texts[state].body}</body>
</html>
`
