/** A value of JSON, to look into without knowing its shape. */
export type Value = unknown

export const get = (value: Value, ...path: ReadonlyArray<string>): Value => {
  const [name, ...rest] = path
  if (name === undefined) return value
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined
  return get(Object.entries(value).find(([key]) => key === name)?.[1], ...rest)
}
export const list = (value: Value, ...path: ReadonlyArray<string>): ReadonlyArray<Value> => {
  const found = get(value, ...path)
  return Array.isArray(found) ? found : []
}
export const text = (value: Value, ...path: ReadonlyArray<string>): string => {
  const found = get(value, ...path)
  return typeof found === "string" ? found : ""
}
export const isObject = (value: Value): boolean => typeof value === "object" && value !== null && !Array.isArray(value)
export const keys = (value: Value): ReadonlyArray<string> =>
  typeof value === "object" && value !== null ? Object.keys(value) : []

/** Collects the rules that a request breaks. */
export class Broken {
  readonly rules: Array<string> = []
  unless(holds: boolean, rule: string): void {
    if (!holds) this.rules.push(rule)
  }
  only(value: Value, allowed: ReadonlyArray<string>, where: string): void {
    for (const key of keys(value)) this.unless(allowed.includes(key), `${where} has the field ${key}`)
  }
}

/** The rules of a receiver: those that a body breaks. `issued` are the signatures that this server has given out. */
export type Rules = (body: Value, issued: ReadonlyArray<string>) => ReadonlyArray<string>

/** The calls of one message must be answered in the next, each once, and nothing else may be answered. */
export const answered = (
  broken: Broken,
  turns: ReadonlyArray<{ readonly calls: ReadonlyArray<string>; readonly results: ReadonlyArray<string> }>
): void => {
  const seen = new Set<string>()
  for (const [i, { calls, results }] of turns.entries()) {
    const owed = turns[i - 1]?.calls ?? []
    broken.unless(
      [...results].sort().join() === [...owed].sort().join(),
      `[${results.join()}] answers [${owed.join()}]`
    )
    for (const call of calls) {
      broken.unless(!seen.has(call), `the id ${call} is used twice`)
      seen.add(call)
    }
  }
  broken.unless((turns.at(-1)?.calls ?? []).length === 0, "the last calls are not answered")
}

export const imageTypes: ReadonlyArray<string> = ["image/jpeg", "image/png", "image/gif", "image/webp"]
export const plainName = /^[a-zA-Z0-9_-]{1,64}$/
