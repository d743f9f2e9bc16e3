import type { ModelRequest } from "@parley/domain/ModelsManager"
import { ModelInfo, ModelsManager } from "@parley/domain/ModelsManager"
import { turnId, roundId } from "@parley/domain/Ids"
import * as JsonText from "@parley/domain/JsonText"
import { ProviderChunk } from "@parley/domain/ProviderChunk"
import { TurnContent } from "@parley/domain/TurnContent"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { quoted, readOnce, valid } from "./ContractReading.ts"
import {
  type Counterexample,
  exitOf,
  failureOf,
  fault,
  findAll,
  type Rule,
  type RuleSettings,
  single,
  words
} from "./ContractRule.ts"
import { register } from "./ContractSuite.ts"

/**
 * What the suite needs to know of a manager of models.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never> extends RuleSettings {
  readonly layer: Layer.Layer<ModelsManager, E>
  /** A request that its model answers. Each test sends it three times, to a manager of its own. */
  readonly request: ModelRequest
}

interface Subject extends RuleSettings {
  readonly models: ModelsManager["Service"]
  readonly request: ModelRequest
}

const tagsOf = (chunks: ReadonlyArray<ProviderChunk>): string => chunks.map(({ _tag }) => _tag).join(", ")

/** What is wrong with the chunks of a complete response. */
const brokenResponse = (chunks: ReadonlyArray<ProviderChunk>): Omit<Counterexample, "program"> | undefined => {
  const received = tagsOf(chunks)
  const content = chunks.filter(({ _tag }) => _tag !== "Finish")
  const expected = [...content.map(({ _tag }) => _tag), "Finish"].join(", ")
  const finishes = chunks.length - content.length
  if (finishes === 0) return { problem: "A response ended without `Finish`.", expected, received }
  if (finishes > 1) return { problem: `A response has \`Finish\` ${finishes} times.`, expected, received }
  const last = chunks.at(-1)
  if (last?._tag !== "Finish")
    return { problem: `A response emits ${last?._tag} after \`Finish\`.`, expected, received }
  for (const chunk of chunks) {
    const invalid = valid("stream", ProviderChunk, chunk, chunk._tag)
    if (invalid !== undefined) return invalid
    if (!("raw" in chunk)) continue
    const right = JsonText.wellFormed(chunk.raw)
    if (right === chunk.raw) continue
    const problem = `\`${chunk._tag}.raw\` has half a surrogate pair, which cannot be stored or sent back.`
    return { problem, expected: quoted(right), received: quoted(chunk.raw) }
  }
  const turn = new TurnContent(turnId(roundId(1), 1))
  turn.add(chunks)
  return turn.malformed === undefined
    ? undefined
    : { problem: `A response is malformed: ${turn.malformed}.`, expected: "one kind for each block", received }
}

const responses = single(
  "ends each response with one Finish, and emits valid blocks before it",
  Effect.fnUntraced(function* ({ models, request, ...settings }: Subject) {
    const program: Array<string> = []
    for (let n = 1; n <= 3; n++) {
      program.push(`send the request to ${request.model.provider}/${request.model.model} and read the response`)
      const exit = yield* exitOf(Stream.runCollect(models.stream(request)), settings)
      if (exit === "late" || Exit.isFailure(exit))
        return { problem: `The response ${fault(exit)}.`, program, expected: "a response", received: failureOf(exit) }
      const broken = brokenResponse(exit.value)
      if (broken !== undefined) return { ...broken, program }
    }
    return undefined
  })
)

const descriptions = single(
  "lists each model once, and describes the model of the request and the preferred one",
  Effect.fnUntraced(function* ({ models, request, ...settings }: Subject) {
    const listed = yield* readOnce("models", models.models, settings)
    if (!listed.ok) return listed.found
    const refs = listed.value.map(({ ref }) => `${ref.provider}/${ref.model}`)
    const twice = refs.find((ref, i) => refs.indexOf(ref) !== i)
    const expected = [...new Set(refs)].join(", ")
    if (twice !== undefined)
      return { problem: `${twice} is listed twice.`, program: ["read `models`"], expected, received: refs.join(", ") }
    const preferred = yield* readOnce("preferred", models.preferred, settings)
    if (!preferred.ok) return preferred.found
    for (const ref of [request.model, preferred.value]) {
      const info = yield* readOnce("describe", models.describe(ref), settings)
      if (!info.ok) return info.found
      const invalid = valid("describe", ModelInfo, info.value, "description")
      if (invalid !== undefined) return invalid
      const [asked, described] = [quoted(ref), quoted(info.value.ref)]
      if (asked === described) continue
      const problem = "`describe` describes another model."
      return { problem, program: [`describe ${asked}`], expected: asked, received: described }
    }
    return undefined
  })
)

const rules: ReadonlyArray<Rule<Subject>> = [responses, descriptions]
const subjectOf = <E>({ layer, ...rest }: Options<E>): Effect.Effect<Subject, never, Scope.Scope> =>
  Layer.fresh(layer).pipe(
    Layer.build,
    Effect.map((context) => ({ ...rest, models: Context.get(context, ModelsManager) })),
    Effect.orDie
  )

/**
 * All violations of the contract.
 *
 * @since 0.1.0
 * @category functions
 */
export const violations = <E>(options: Options<E>) => findAll(rules, subjectOf(options))

/**
 * All violations of the contract, as text, for other test runners.
 *
 * @since 0.1.0
 * @category functions
 */
export const check = <E>(options: Options<E>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(violations(options), (found) => found.map(words))

/**
 * The contract of `ModelsManager`, as tests with the real clock. Call it in a test file.
 *
 * @since 0.1.0
 * @category functions
 */
export const suite = <E>(name: string, options: Options<E>): void => register(name, rules, subjectOf(options))
