/** Parses JSON; undefined if the text is malformed. */
export const parseJson = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** Parses a JSON object; undefined if the text is malformed or is not an object. */
export const parseObject = (json: string): object | undefined => {
  const value = parseJson(json)
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined
}

export const string = (value: unknown): string => (typeof value === "string" ? value : "")

/** A number of tokens as a server reports it. Anything else counts as 0. */
export const count = (value: unknown): number => {
  const tokens = typeof value === "number" ? Math.trunc(value) : 0
  return Number.isSafeInteger(tokens) && tokens > 0 ? tokens : 0
}
