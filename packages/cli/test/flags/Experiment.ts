import * as Effect from "effect/Effect"
import type { Facts, Run, World } from "./World.ts"

/** A flag of a command, and two runs of it that must not come to the same. */
export interface Experiment {
  /** The words that name the command. */
  readonly command: string
  readonly flag: string
  /** What stands on the command line beside the flag, in both runs. */
  readonly args?: ReadonlyArray<string>
  readonly with: ReadonlyArray<string>
  /** In place of the flag; nothing when absent. */
  readonly without?: ReadonlyArray<string>
  readonly run?: Omit<Run, "args">
  /** With the flag the command goes on until it is interrupted, here after so many milliseconds. */
  readonly patience?: number
  /** Commands that make the situation in which the flag counts. */
  readonly before?: ReadonlyArray<ReadonlyArray<string>>
  /** Commands that tell afterwards what the one before has done. */
  readonly afterwards?: ReadonlyArray<ReadonlyArray<string>>
  /** What else there is to see, such as the requests that reached a server; begins again when it is asked. */
  readonly seen?: () => string
}

/** Without what differs from run to run by itself. */
const stable = (text: string, { root }: Facts): string =>
  text
    .replaceAll(root, "ROOT")
    .replaceAll(/\d{4}-\d{2}-\d{2}[T ][\d:.]+Z?|\d{2}:\d{2}:\d{2}(\.\d+)?/g, "TIME")
    .replaceAll(/\b\d{13}\b/g, "MILLIS")
    .replaceAll(/\b\d+(\.\d+)? ?ms\b|\b\d+\.\d+ ?s\b|"millis\\?":\d+/g, "LONG")
    .replaceAll(
      /\b(state|code|code_challenge|code_verifier|refresh_token|client_id)=(?!me\b|https)[^&\s]+/g,
      "$1=RANDOM"
    )
    .replaceAll(/127\.0\.0\.1(:|%3A)\d+/g, "ADDRESS")
    .replaceAll(/Bearer \S+|"(client_id|\w*token)":"[^"]*"/g, "CREDENTIAL")
    .replaceAll(/\bses_[0-9a-z]+/g, "SESSION")
    .replaceAll(/\b[0-9a-f]{16,}\b/g, "DIGEST")

export type Outcome = Readonly<Record<string, unknown>>

/** What a person or a program can tell after a run, which is given up after `patience`. */
export const outcome = Effect.fnUntraced(function* (
  world: World,
  experiment: Experiment,
  flag: ReadonlyArray<string>,
  patience?: number
) {
  const { args = [], command, run, seen, before = [], afterwards = [] } = experiment
  world.restore()
  yield* Effect.forEach(before, (args) => world.run({ args }), { discard: true })
  seen?.()
  const of = ({ code, stderr, stdout }: { code: number | null; stderr: string; stdout: string }) => [
    code,
    stable(stdout, world),
    stable(stderr, world)
  ]
  // Flags stand before the words of a program, which follow `--`.
  const line = [...command.split(" "), ...flag, ...args]
  const ended = of(yield* world.run({ ...run, args: line }, patience))
  const later = yield* Effect.forEach(afterwards, (args) => Effect.map(world.run({ args }), of))
  return { ended, later, configuration: stable(world.configuration(), world), seen: stable(seen?.() ?? "", world) }
})
