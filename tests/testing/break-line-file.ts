/** Loaded before the tests of the example (`--import`): breaks its storage in the way that `BROKEN_LINE_FILE` names. */
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { lineFileBreaks } from "./line-file-breaks.ts"

const place = new URL("../../examples/custom-storage/line-file.ts", import.meta.url).href
const [text, replacement] = lineFileBreaks[process.env.BROKEN_LINE_FILE ?? ""]?.change ?? ["", ""]
const parts = readFileSync(fileURLToPath(place), "utf8").split(text)
if (parts.length !== 2)
  throw new Error(`"${text}" stands ${parts.length - 1} times in the example: write down where that is broken now.`)

registerHooks({
  load: (url, context, nextLoad) =>
    url === place
      ? { format: "module-typescript", source: parts.join(replacement), shortCircuit: true }
      : nextLoad(url, context),
})
