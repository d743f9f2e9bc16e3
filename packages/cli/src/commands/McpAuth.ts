import type { LoginFailed } from "@parley/mcp/LoginErrors"
import * as ServerPlaces from "@parley/workspace/ServerPlaces"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ServerTrouble, UsageError } from "../ExitCode.ts"
import * as Host from "../internal/Host.ts"
import * as Lines from "../internal/Lines.ts"
import { Output } from "../Output.ts"
import * as Questions from "../Questions.ts"
import { concealing } from "@parley/mcp/Concealing"
import * as Setup from "../Setup.ts"
import type { Here } from "./Dynamic.ts"
import { configured } from "./McpInspect.ts"

export interface Input extends Here {
  readonly name: string
  readonly paste: boolean
  readonly logout: boolean
  readonly limit: Option.Option<number>
}

const load = Effect.promise(() =>
  Promise.all([import("@parley/mcp/McpAuth"), import("@parley/mcp/Authorize"), import("@parley/mcp/LoginErrors")])
)

/** A line of a pipe, for scripts that say --paste: it is no consent, and counts only with the secret of this login in it. */
const piped = Effect.acquireUseRelease(
  Effect.sync(() => Lines.open()),
  (lines) => lines.next(""),
  (lines) => Effect.sync(lines.close)
)

/** The address that the browser ended up at: typed by a person after it was asked for, or piped in. */
const pasted = (nothing: () => LoginFailed) =>
  Effect.suspend(() => {
    const questions = Questions.make()
    return questions.available ? questions.ask(({ read }) => read("> ")) : piped
  }).pipe(Effect.filterOrFail((line) => line !== undefined, nothing))

/** Logs in to one server of the configuration, on or off, and keeps the login. */
export const auth = Effect.fn("parley mcp auth")(function* (flags: Input) {
  const setup = yield* Setup.load({ workspace: flags.workspace })
  const output = yield* Output
  const server = yield* configured(setup, flags.name)
  if (!("url" in server))
    return yield* new UsageError({
      problem: `${flags.name} is started by a command: only servers with an address take logins`
    })
  const [McpAuth, { authorize }, Errors] = yield* load
  const conceal = concealing(server)
  const trouble = ({ message }: Error) =>
    new ServerTrouble({ reason: "Unreachable", problem: conceal(`${flags.name}: ${message}`) })
  const store = McpAuth.directory(ServerPlaces.logins(setup.user, Setup.ownerOf(setup, flags.name)))
  if (flags.logout) {
    const had = yield* Effect.mapError(store.login(server.url).remove, trouble)
    return yield* output.note(had ? `The login to ${flags.name} is forgotten` : `There was no login to ${flags.name}`)
  }
  const person = McpAuth.browser({
    env: Host.env,
    say: output.note,
    pasteOnly: flags.paste,
    ...(flags.paste || Lines.interactive
      ? {
          paste: Effect.provideService(
            pasted(() => new Errors.LoginFailed({ problem: "nothing was pasted" })),
            Output,
            output
          )
        }
      : {})
  })
  yield* Effect.mapError(
    authorize({
      server,
      store,
      person,
      limit: Option.match(flags.limit, { onNone: () => undefined, onSome: Duration.seconds })
    }),
    trouble
  )
  yield* output.note(`Logged in to ${flags.name}; \`parley mcp inspect ${flags.name}\` connects to it`)
})
