import { FilesManager } from "@parley/domain/FilesManager"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Notices, type SkippedFile } from "../ports/Notices.ts"

const keyOf = ({ path, reason }: SkippedFile): string => `${path}\0${reason}`

/** Reports files of the workspace and mentions that a model is not shown, once for each file and reason. */
export const layer: Layer.Layer<never> = Layer.effect(
  FilesManager,
  Effect.gen(function* () {
    const files = yield* FilesManager
    const { notify } = yield* Notices
    const reported = new Set<string>()
    const news = (skipped: ReadonlyArray<SkippedFile>) => {
      const unknown = skipped.filter((file) => !reported.has(keyOf(file)))
      for (const file of unknown) reported.add(keyOf(file))
      return unknown
    }
    const report = (skipped: ReadonlyArray<SkippedFile>) => {
      const unknown = news(skipped)
      return unknown.length === 0 ? Effect.void : notify({ _tag: "FilesLeftOut", files: unknown })
    }
    const { attach, explain, readFor } = files
    return {
      ...(explain === undefined ? {} : { explain }),
      read: Effect.tap(files.read, ({ skipped }) => report(skipped)),
      ...(readFor === undefined
        ? {}
        : { readFor: (visits) => Effect.tap(readFor(visits), ({ skipped }) => report(skipped)) }),
      leftOut: report,
      ...(attach === undefined
        ? {}
        : {
            attach: (text, accepts) =>
              Effect.tap(attach(text, accepts), (all) =>
                Effect.forEach(
                  news(all.flatMap((one) => (one._tag === "NotAttached" ? [one] : []))),
                  ({ path, reason }) => notify({ _tag: "NotAttached", file: { path, reason } }),
                  { discard: true }
                )
              )
          })
    }
  })
)
