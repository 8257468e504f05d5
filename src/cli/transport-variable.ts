/** Names of transports: they become part of a variable's name. */
export const transportName = /^[a-z0-9][a-z0-9._-]{0,99}$/i

/** How a transport's name stands in the names of its variables: two that are the same there share them. */
export const nameInVariables = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, "_")

/** The environment variable that holds the URL of a listed mail server, and may hold its password. */
export const urlVariableOf = (name: string): string => `SENDSTATE_SMTP_URL_${nameInVariables(name)}`

/** The environment variable that holds the key of a listed HTTP API. */
export const keyVariableOf = (name: string): string => `SENDSTATE_API_KEY_${nameInVariables(name)}`

/** The value of a variable; `undefined` when it is not set, or empty. */
export type ReadVariable = (variable: string) => string | undefined
