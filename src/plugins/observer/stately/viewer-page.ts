import { createHash } from "node:crypto"

const viewer = "https://stately.ai/inspect"

const style = "html,body,iframe{width:100%;height:100%;margin:0;border:0}"

// Posts to the viewer's origin only, and only after the viewer itself has said that it listens.
const script = `
const frame = document.getElementById("viewer")
const origin = new URL(frame.src).origin
const waiting = []
let ready = false
const show = (event) => frame.contentWindow.postMessage(event, origin)
addEventListener("message", ({ source, origin: from, data }) => {
  if (source !== frame.contentWindow || from !== origin || data?.type !== "@statelyai.connected") return
  ready = true
  waiting.splice(0).forEach(show)
})
new WebSocket("ws://" + location.host + "/" + location.search).onmessage = ({ data }) => {
  const event = JSON.parse(data)
  if (ready) show(event)
  else if (waiting.push(event) > 1000) waiting.shift()
}
`

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

/** The page that passes inspection events from the loopback server on to Stately's viewer. */
export const viewerPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>sendstate in Stately's inspector</title><style>${style}</style></head>
<body><iframe id="viewer" title="Stately's inspector" referrerpolicy="no-referrer" src="${viewer}"></iframe>
<script>${script}</script></body>
</html>
`

/** Its headers; `port` is where its WebSocket is. */
export const viewerHeaders = (port: number): Readonly<Record<string, string>> => ({
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "content-security-policy": [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    `connect-src ws://127.0.0.1:${port} ws://localhost:${port}`,
    `frame-src ${new URL(viewer).origin}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; "),
})
