import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"

/** The example server in a process of its own. */
export interface ServerProcess {
  readonly url: string
  readonly ask: <Body>(method: string, path: string, body?: unknown) => Promise<Body>
  readonly status: (path: string, method?: string) => Promise<number>
  /** As a power cut does. */
  readonly kill: () => Promise<void>
}

export const startServer = async (smtpUrl: string, database: string): Promise<ServerProcess> => {
  const child = spawn(process.execPath, ["--conditions=sendstate-source", "examples/compat-server/index.ts"], {
    env: { ...process.env, SMTP_URL: smtpUrl, DATABASE: database, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const closed = once(child, "close")
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = /^listening on (\S+)/.exec(line)?.[1]
      if (said !== undefined) resolve(said)
    })
    closed.then(([code]) => reject(new Error(`the server ended with ${code}`)))
  })
  const request = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${url}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  return {
    url,
    ask: async <Body>(method: string, path: string, body?: unknown) => {
      const response = await request(method, path, body)
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
      return (await response.json()) as Body
    },
    status: async (path, method = "GET") => (await request(method, path, method === "GET" ? undefined : {})).status,
    kill: async () => {
      child.kill("SIGKILL")
      await closed
    },
  }
}
