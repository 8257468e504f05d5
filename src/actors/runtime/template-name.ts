import * as Effect from "effect/Effect"
import type { ExecutionRow, NotFound, StorageError } from "../../sdk/index.ts"
import { latestPrefix } from "../campaign/planner.ts"
import type { Templates } from "../templates.ts"

/** Under which name the template of an execution was loaded. */
export const templateNameOf = (
  templates: Templates["Service"],
  { template }: Pick<ExecutionRow, "template">,
): Effect.Effect<string, NotFound | StorageError> =>
  template.startsWith(latestPrefix)
    ? Effect.succeed(template.slice(latestPrefix.length))
    : Effect.map(templates.source(template), ({ name }) => name)
