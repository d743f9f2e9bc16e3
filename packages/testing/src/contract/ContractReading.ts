import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { type Counterexample, exitOf, failureOf, fault, type RuleSettings } from "./ContractRule.ts"

// What the contracts of several managers demand of a value that the engine reads again and again.

type Read<A> = { readonly ok: true; readonly value: A } | { readonly ok: false; readonly found: Counterexample }

/** Reads a value; `name` is the method. */
export const readOnce = <A, E>(
  name: string,
  read: Effect.Effect<A, E>,
  settings: RuleSettings
): Effect.Effect<Read<A>> =>
  Effect.map(exitOf(read, settings), (exit): Read<A> => {
    if (exit !== "late" && Exit.isSuccess(exit)) return { ok: true, value: exit.value }
    const problem = `\`${name}\` ${fault(exit)}.`
    return {
      ok: false,
      found: { problem, program: [`read \`${name}\``], expected: "a value", received: failureOf(exit) }
    }
  })

/** Names that are not sorted by code unit, or that occur twice. */
export const unsorted = (name: string, names: ReadonlyArray<string>): Counterexample | undefined => {
  const program = [`read \`${name}\``]
  const right = [...new Set(names)].sort()
  const twice = names.find((one, i) => names.indexOf(one) !== i)
  const sentences = [
    ...(twice === undefined ? [] : [`\`${name}\` has ${quoted(twice)} more than once.`]),
    ...(names.every((one, i) => i === 0 || (names[i - 1] ?? "") <= one)
      ? []
      : [`\`${name}\` is not sorted by code unit.`])
  ]
  const [problem] = sentences
  const [expected, received] = [right, names].map((list) => list.map(quoted).join(", "))
  return problem === undefined ? undefined : { problem, program, expected: expected ?? "", received: received ?? "" }
}

const text = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
/** As JSON, in which half a surrogate pair is visible. */
export const quoted = (value: unknown): string => text(value)

/** The first place where two values differ, such as `files.0.text`; empty if they are equal. */
export const whereDifferent = (a: unknown, b: unknown, at: ReadonlyArray<string> = []): ReadonlyArray<string> => {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b ? [] : [at.join(".")]
  const [one, two] = [new Map(Object.entries(a)), new Map(Object.entries(b))]
  return [...new Set([...one.keys(), ...two.keys()])].flatMap((key) =>
    whereDifferent(one.get(key), two.get(key), [...at, key])
  )
}

/** The value at a place of `whereDifferent`. */
const valueAt = (value: unknown, place: string): string => {
  let at: unknown = value
  for (const key of place.split("."))
    at = typeof at === "object" && at !== null ? new Map(Object.entries(at)).get(key) : undefined
  return at === undefined ? "nothing" : quoted(at)
}

/** Reads a value several times. Without a change in between, it must not change. */
export const stable = Effect.fnUntraced(function* <A, E>(
  name: string,
  read: Effect.Effect<A, E>,
  settings: RuleSettings,
  again: (read: Effect.Effect<A, E>) => Effect.Effect<A, E> = (read) => read
) {
  const first = yield* readOnce(name, read, settings)
  if (!first.ok) return first.found
  const program = [`read \`${name}\``]
  for (let times = 0; times < 3; times++) {
    const next = yield* readOnce(name, again(read), settings)
    program.push(`read \`${name}\` again, without a change in between`)
    if (!next.ok) return { ...next.found, program }
    const [place] = whereDifferent(first.value, next.value)
    if (place !== undefined)
      return {
        problem: `\`${name}\` changes between two reads, at ${place === "" ? "the top" : place}.`,
        program,
        expected: valueAt(first.value, place),
        received: valueAt(next.value, place)
      }
  }
  return undefined
})

/** The first place with a string that is not well-formed Unicode, keys included. */
export const illFormed = (value: unknown, at: ReadonlyArray<string> = []): { at: string; text: string } | undefined => {
  if (typeof value === "string") return value.isWellFormed() ? undefined : { at: at.join("."), text: value }
  if (typeof value !== "object" || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    const found = key.isWellFormed() ? illFormed(inner, [...at, key]) : { at: at.join("."), text: key }
    if (found !== undefined) return found
  }
  return undefined
}

/** A value with a string that is not well-formed Unicode: it cannot be stored, and providers reject it. */
export const wellFormed = (name: string, value: unknown): Counterexample | undefined => {
  const found = illFormed(value)
  if (found === undefined) return undefined
  return {
    problem: `\`${name}\` has half a surrogate pair, at ${found.at}.`,
    program: [`read \`${name}\``],
    expected: quoted(found.text.toWellFormed()),
    received: quoted(found.text)
  }
}

/** A value that its schema does not accept. */
export const valid = (
  name: string,
  schema: Schema.Decoder<unknown>,
  value: unknown,
  label = "value"
): Counterexample | undefined => {
  const exit = Schema.decodeUnknownExit(schema)(value)
  if (Exit.isSuccess(exit)) return undefined
  const problem = `\`${name}\` has a ${label} that is not valid.`
  return { problem, program: [`read \`${name}\``], expected: `a valid ${label}`, received: failureOf(exit) }
}
