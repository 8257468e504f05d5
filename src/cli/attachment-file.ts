import { readFile, realpath, stat } from "node:fs/promises"
import { basename, resolve, sep } from "node:path"
import type { CampaignAttachment, Issue } from "sendstate/sdk"

/** Bytes of all attachments together: beyond it most servers refuse the mail. */
const maxBytes = 20 * 1024 * 1024

interface Asked {
  readonly file: string
  readonly filename?: string
  readonly contentType?: string
}

const askedOf = (item: unknown): Asked | undefined => {
  if (typeof item === "string") return { file: item }
  if (typeof item !== "object" || item === null || !("file" in item) || typeof item.file !== "string") return undefined
  const { file, filename, contentType, ...rest } = item as Record<string, unknown> & { readonly file: string }
  const isText = (value: unknown): value is string | undefined => value === undefined || typeof value === "string"
  if (Object.keys(rest).length > 0 || !isText(filename) || !isText(contentType)) return undefined
  return {
    file,
    ...(filename === undefined ? {} : { filename }),
    ...(contentType === undefined ? {} : { contentType }),
  }
}

// By its real path: a link must not lead out of the folder either.
const insideOf = async (folder: string, file: string): Promise<string | undefined> => {
  const path = await realpath(resolve(folder, file))
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep) ? path : undefined
}

const readOne = async (folder: string, item: unknown): Promise<CampaignAttachment | string> => {
  const asked = askedOf(item)
  if (asked === undefined) return "write the name of a file beside this one, or { file, filename, contentType }"
  try {
    const path = await insideOf(folder, asked.file)
    if (path === undefined) return `"${asked.file}" leads out of the folder of the campaign file; put it beside it`
    if (!(await stat(path)).isFile()) return `"${asked.file}" is no file`
    return {
      filename: asked.filename ?? basename(asked.file),
      content: new Uint8Array(await readFile(path)),
      ...(asked.contentType === undefined ? {} : { contentType: asked.contentType }),
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return `there is no file "${asked.file}"`
    throw error
  }
}

/** The files that a campaign file attaches, as bytes, and what is wrong with the list. */
export const attachmentsOf = async (
  folder: string,
  list: unknown,
): Promise<{ readonly attachments: ReadonlyArray<CampaignAttachment>; readonly issues: ReadonlyArray<Issue> }> => {
  if (list === undefined || list === null) return { attachments: [], issues: [] }
  if (!Array.isArray(list))
    return { attachments: [], issues: [{ path: "attachments", message: "attachments is a list of files" }] }
  const attachments: CampaignAttachment[] = []
  const issues: Issue[] = []
  for (const [index, item] of list.entries()) {
    const read = await readOne(folder, item)
    if (typeof read === "string") issues.push({ path: `attachments.${index}`, message: read })
    else attachments.push(read)
  }
  const bytes = attachments.reduce((sum, { content }) => sum + content.byteLength, 0)
  if (bytes > maxBytes)
    issues.push({
      path: "attachments",
      message: `they are ${Math.ceil(bytes / 1_048_576)} MB together; most servers refuse more than ${maxBytes / 1_048_576} MB`,
    })
  return { attachments, issues }
}
