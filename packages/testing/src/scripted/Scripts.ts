import { Overloaded, RateLimited, StreamBroken } from "@parley/domain/ModelError"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import type { FailedAttempt, Script, ScriptTurn, ToolKind } from "../parts/Arbitraries.ts"
import * as Chunks from "../parts/Chunks.ts"
import * as ScriptedModel from "./ScriptedModel.ts"
import * as ScriptedTools from "./ScriptedTools.ts"

/**
 * The tools that generated scripts call. `unknown` is missing on purpose.
 *
 * @since 0.1.0
 * @category constants
 */
export const tools: { readonly [name: string]: ScriptedTools.Behaviour } = {
  echo: ScriptedTools.echo,
  fails: ScriptedTools.fails("no"),
  dies: ScriptedTools.dies,
  slow: ScriptedTools.steps(3, ScriptedTools.echo),
  slower: ScriptedTools.steps(20, ScriptedTools.echo),
  lost: ScriptedTools.lost,
  malformed: ScriptedTools.echo
} satisfies { readonly [Kind in Exclude<ToolKind, "unknown">]: ScriptedTools.Behaviour }

const content = (turn: ScriptTurn): ReadonlyArray<ReadonlyArray<ProviderChunk>> => {
  const first = turn.thinks ? 1 : 0
  return [
    ...(turn.thinks ? [Chunks.thinking(0, "let me", " see")] : []),
    ...turn.texts.map((text) => Chunks.text(first, text)),
    ...turn.tools.map((kind, i) => Chunks.call(first + 1 + i, kind, kind === "malformed" ? '{"cut":' : { i }))
  ]
}

/** A failed attempt. Its text occurs nowhere else, so that tests can search for it. */
const failedAttempt = (kind: FailedAttempt): ScriptedModel.Turn => {
  const detail = "scripted"
  switch (kind) {
    case "overloaded":
      return ScriptedModel.failing(new Overloaded({ detail }))
    case "rate-limited":
      return ScriptedModel.failing(new RateLimited({ detail, retryAfterMillis: 3000 }), Chunks.text(0, "lost words"))
    case "broken":
      return ScriptedModel.failing(
        new StreamBroken({ detail }),
        Chunks.text(0, "lost before a call"),
        Chunks.call(1, "echo", { lost: true }).slice(0, 2)
      )
    case "silent":
      return ScriptedModel.turn(Chunks.text(0, "lost in silence"), Chunks.call(1, "echo", { lost: true }))
  }
}

/** Repeats a turn for the first attempt and all retries, with the default limit of retries. */
const always = (turn: ScriptedModel.Turn): ReadonlyArray<ScriptedModel.Turn> => [turn, turn, turn, turn]

const ending = (script: Script): ReadonlyArray<ScriptedModel.Turn> => {
  const words = Chunks.text(0, "the ", "end")
  switch (script.ending) {
    case "answer":
      return [ScriptedModel.turn(words, [Chunks.finish("end")])]
    case "stream-error":
      return always(ScriptedModel.failing(new Overloaded({ detail: "scripted" }), words))
    case "silent-end":
      return always(ScriptedModel.turn(words))
    case "refusal":
      return [ScriptedModel.turn(words, [Chunks.finish("refusal", "scripted")])]
    case "length": {
      const cut = ScriptedModel.turn(words, Chunks.call(1, "echo", '{"i":'), [Chunks.finish("length")])
      return [cut, cut]
    }
  }
}

/**
 * The model's responses for a generated script, failed attempts included. A turn without tools ends the round, so later
 * turns are not played.
 *
 * @since 0.1.0
 * @category functions
 */
export const turns = (script: Script): ReadonlyArray<ScriptedModel.Turn> => [
  ...script.turns.flatMap((turn) => [
    ...turn.attempts.map(failedAttempt),
    ScriptedModel.turn(...content(turn), [Chunks.finish(turn.tools.length > 0 ? "tool-calls" : "end")])
  ]),
  ...ending(script)
]
