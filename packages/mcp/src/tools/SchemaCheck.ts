import { type Context, createContext, Script } from "node:vm"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Result from "effect/Result"
import * as Option from "effect/Option"
import { plainLine } from "@parley/domain/VisibleText"
import { loadValidator } from "../sdk/Sdk.ts"
import type { ToolInput } from "@parley/domain/McpManager"
import { translated } from "./SchemaTranslation.ts"
import type { OfferedTool } from "./ToolList.ts"

/** How long one check may take. If it takes longer, the value is considered valid. */
const limitMillis = 250

// A schema is untrusted: its regular expressions may need exponential time, and its references may be cyclic. Only the
// timeout of a script can interrupt synchronous work in Node, including regular expressions.
const sandbox: { check: () => void } = { check: () => {} }
// Creating a context takes longer than all checks of a round, so a single one is created when it is first needed.
const made: { context?: Context } = {}
const script = new Script("check()")

const withinLimit = <A>(check: () => A): A | undefined => {
  const result: { value?: A } = {}
  sandbox.check = () => void (result.value = check())
  script.runInContext((made.context ??= createContext(sandbox)), { timeout: limitMillis })
  return result.value
}

/** `#/a: Property "b" does not match schema.; #/a/b: Expected "number".`: the last error is the innermost, most specific. */
const explain = (errors: string): string => {
  const last = errors.split(/; (?=#)/).at(-1) ?? errors
  const colon = last.indexOf(": ")
  const path = last.slice(1, Math.max(1, colon))
  return plainLine(`at ${path === "" ? "/" : path}: ${last.slice(colon + 2)}`, 500)
}

/**
 * Describes where and how a value violates a server's JSON Schema; `undefined` if it is valid. Nothing is fetched for a
 * schema. If the schema cannot be used, or the check takes too long, every value is considered valid.
 */
export const misfit = Effect.fnUntraced(function* (
  schema: { readonly [key: string]: Schema.Json },
  value: unknown
): Effect.fn.Return<string | undefined> {
  const validator = yield* loadValidator
  const verdict = yield* Effect.try(() => withinLimit(() => validator.getValidator(schema)(value))).pipe(Effect.option)
  return verdict._tag === "Some" && verdict.value?.valid === false ? explain(verdict.value.errorMessage) : undefined
})

/** Removes null members. Models send null for members that they omit, and many servers accept that. */
const withoutNulls = (value: Schema.Json): Schema.Json => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(withoutNulls)
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner)]]))
  )
}

/**
 * Describes why an input, with the server's property names, does not fit the tool's schema; `undefined` if it fits. If the
 * schema cannot be used, the server decides, as it does about null for an optional value. The input is sent unchanged.
 */
export const checkInput = Effect.fnUntraced(function* (
  { inputSchema: shown, written }: OfferedTool,
  input: ToolInput
): Effect.fn.Return<string | undefined> {
  const inputSchema = written === undefined ? shown : Result.getOrElse(translated(written.schema), () => written.schema)
  const problem = yield* misfit(inputSchema, input)
  if (problem === undefined) return undefined
  return (yield* misfit(inputSchema, withoutNulls(input))) === undefined ? undefined : problem
})

const maybe = Schema.optionalKey(Schema.Unknown)
const decode = Schema.decodeUnknownOption(Schema.Struct({ structuredContent: maybe, isError: maybe }))

/**
 * Describes how a result violates its tool's output schema; `undefined` if it does not. A result with `isError` need not fit
 * the schema.
 */
export const checkOutput = Effect.fnUntraced(function* (
  { outputSchema }: OfferedTool,
  answer: unknown
): Effect.fn.Return<string | undefined> {
  const result = Option.getOrUndefined(decode(answer))
  if (outputSchema === undefined || result === undefined || result.isError === true) return undefined
  return result.structuredContent === undefined
    ? "it demands structured content, and none came"
    : yield* misfit(
        Result.getOrElse(translated(outputSchema), () => outputSchema),
        result.structuredContent
      )
})
