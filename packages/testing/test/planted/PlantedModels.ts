import { text } from "@parley/domain/Content"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { Effect, Layer, Stream } from "effect"
import * as ModelsManagerContract from "../../src/contract/ModelsManagerContract.ts"
import * as Chunks from "../../src/parts/Chunks.ts"
import { brief, type Planted } from "./Planted.ts"

type Models = ModelsManager["Service"]

const ref = { provider: "planted", model: "one" }
const info = { ref, description: "One" }
const request = { model: ref, system: "", tools: [], messages: [{ role: "user" as const, content: [text("go")] }] }
const response: ReadonlyArray<ProviderChunk> = [
  ...Chunks.thinking(0, "let me see"),
  ...Chunks.text(1, "an ", "answer"),
  Chunks.finish()
]
const models: Models = {
  models: Effect.succeed([info]),
  preferred: Effect.succeed(ref),
  describe: (ref) => Effect.succeed({ ...info, ref }),
  stream: () => Stream.fromArray(response)
}
const options = (
  change: () => Partial<Models>,
  settings: Partial<ModelsManagerContract.Options> = {}
): ModelsManagerContract.Options => ({
  layer: Layer.sync(ModelsManager, () => ModelsManager.of({ ...models, ...change() })),
  request,
  ...settings
})

export const correct = options(() => ({}))

const of = (
  bug: string,
  change: () => Partial<Models>,
  reports: RegExp,
  settings?: Partial<ModelsManagerContract.Options>
): Planted => ({
  suite: "ModelsManager",
  bug,
  reports,
  violations: ModelsManagerContract.violations(options(change, settings))
})

/** The first response is correct, and the later ones are `chunks`. */
const later = (chunks: ReadonlyArray<ProviderChunk>) => (): Partial<Models> => {
  let count = 0
  return { stream: () => Stream.fromArray(count++ === 0 ? response : chunks) }
}
const half = '{"thinking":"a\\ud83d"}'

export const planted: ReadonlyArray<Planted> = [
  of(
    "emits after `Finish`",
    later([...response, ...Chunks.text(1, " and more")]),
    /^A response emits TextDelta after `Finish`\.$/
  ),
  of("emits two `Finish`", later([...response, Chunks.finish()]), /^A response has `Finish` 2 times\.$/),
  of("emits no `Finish`", later(response.slice(0, -1)), /^A response ended without `Finish`\.$/),
  of(
    "changes the kind of a block",
    later([...Chunks.thinking(0, "hm"), ...Chunks.text(0, "an answer"), Chunks.finish()]),
    /^A response is malformed: block 0 changed from Thinking to Text\.$/
  ),
  of(
    "passes half a surrogate pair on in `ThinkingEnd.raw`",
    later([{ _tag: "ThinkingEnd", index: 0, provider: "planted", raw: half }, Chunks.finish()]),
    /^`ThinkingEnd\.raw` has half a surrogate pair, which cannot be stored or sent back\.$/
  ),
  of(
    "emits an index that is not a whole number",
    later([...Chunks.text(0.5, "a"), Chunks.finish()]),
    /^`stream` has a TextDelta that is not valid\.$/
  ),
  of("never answers", () => ({ stream: () => Stream.never }), /^The response did not settle in time\.$/, {
    patience: brief
  }),
  of("dies", () => ({ stream: () => Stream.die(new Error("bug")) }), /^The response died\.$/),
  of(
    "describes another model",
    () => ({ describe: () => Effect.succeed({ ...info, ref: { ...ref, model: "other" } }) }),
    /^`describe` describes another model\.$/
  ),
  of("lists a model twice", () => ({ models: Effect.succeed([info, info]) }), /^planted\/one is listed twice\.$/)
]
