import { type Context, createContext, Script } from "node:vm"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { plainLine } from "../PlainText.ts"
import { loadValidator } from "./Sdk.ts"

/** How long one check may take. Beyond that the value counts as fit. */
const limitMillis = 250

// A schema is untrusted: its regular expressions may take longer than the universe, its references may go in circles. The
// timeout of a script is the one thing in Node that ends synchronous work, regular expressions included.
const sandbox: { check: () => void } = { check: () => {} }
// Making a context takes longer than all the checks of a round, so there is one, and it is made when it is first needed.
const made: { context?: Context } = {}
const script = new Script("check()")

const withinLimit = <A>(check: () => A): A | undefined => {
  const result: { value?: A } = {}
  sandbox.check = () => void (result.value = check())
  script.runInContext((made.context ??= createContext(sandbox)), { timeout: limitMillis })
  return result.value
}

/** `#/a: Property "b" does not match schema.; #/a/b: Expected "number".`: the last is the innermost, and says most. */
const explain = (errors: string): string => {
  const last = errors.split(/; (?=#)/).at(-1) ?? errors
  const colon = last.indexOf(": ")
  const path = last.slice(1, Math.max(1, colon))
  return plainLine(`at ${path === "" ? "/" : path}: ${last.slice(colon + 2)}`, 500)
}

/**
 * Says where and how a value does not fit a server's JSON Schema, or nothing. Nothing is fetched for a schema: by one that
 * cannot be used, or that takes too long, every value is fit.
 */
export const misfit = Effect.fnUntraced(function* (
  schema: { readonly [key: string]: Schema.Json },
  value: unknown
): Effect.fn.Return<string | undefined> {
  const validator = yield* loadValidator
  const verdict = yield* Effect.try(() => withinLimit(() => validator.getValidator(schema)(value))).pipe(Effect.option)
  return verdict._tag === "Some" && verdict.value?.valid === false ? explain(verdict.value.errorMessage) : undefined
})
