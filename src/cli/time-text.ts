/** `2026-03-01 12:00:03Z`. */
export const timeText = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")}Z`
