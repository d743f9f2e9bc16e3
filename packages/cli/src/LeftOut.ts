import { FilesManager } from "@parley/domain/FilesManager"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Output } from "./Output.ts"
import { inLine } from "./Render.ts"

interface Skipped {
  readonly path: string
  readonly reason: string
}

/** Instructions are rules: one that is left out is named by itself. */
const isRule = ({ path }: Skipped): boolean => /(?:^|[/\\])(?:AGENTS|CLAUDE)\.md$/.test(path)

const named = (what: string, { path, reason }: Skipped): string => `parley: ${what} ${inLine(path)}: ${reason}`

const lines = (skipped: ReadonlyArray<Skipped>): ReadonlyArray<string> => {
  const rules = skipped.filter(isRule).map((one) => named("instructions", one))
  const [first, ...others] = skipped.filter((one) => !isRule(one))
  if (first === undefined) return rules
  const more = others.length === 0 ? "" : `, and ${others.length} more; \`parley context\` names all`
  return [...rules, `${named("left out", first)}${more}`]
}

/** Says on standard error, once in a process, what of the workspace's files and of a message's mentions a model is not shown. */
export const telling: Layer.Layer<never, never, Output> = Layer.effect(
  FilesManager,
  Effect.gen(function* () {
    const files = yield* FilesManager
    const output = yield* Output
    const told = new Set<string>()
    const tell = (found: ReadonlyArray<string>) =>
      Effect.forEach(
        found.filter((line) => !told.has(line)),
        (line) =>
          Effect.andThen(
            Effect.sync(() => told.add(line)),
            output.note(line)
          ),
        { discard: true }
      )
    const { attach, explain } = files
    return {
      ...(explain === undefined ? {} : { explain }),
      read: Effect.tap(files.read, ({ skipped }) => tell(lines(skipped))),
      ...(attach === undefined
        ? {}
        : {
            attach: (text, accepts) =>
              Effect.tap(attach(text, accepts), (all) =>
                tell(all.flatMap((one) => (one._tag === "NotAttached" ? [named("not attached", one)] : [])))
              )
          })
    }
  })
)
