/** Whether a name would reach into a prototype. Handlebars 4.7.10 blocks all tried paths; here they never get that far. */
export const isUnsafeKey = (key: string): boolean => key === "__proto__" || key === "constructor" || key === "prototype"
