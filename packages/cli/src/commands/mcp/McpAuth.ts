import type { LoginFailed } from "@parley/mcp/LoginErrors"
import * as ServerPlaces from "@parley/workspace/ServerPlaces"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ServerTrouble } from "@parley/app/ServerTrouble"
import { UsageError } from "@parley/app/UsageError"
import * as ProcessInfo from "../../process/ProcessInfo.ts"
import * as Lines from "../../terminal/Lines.ts"
import { Output } from "../../output/Output.ts"
import * as Person from "../../consent/Person.ts"
import { serverRedaction } from "@parley/mcp/ServerSecrets"
import * as SetupFlags from "../../configuration/SetupFlags.ts"
import type { Here } from "../DynamicCommand.ts"
import { configured } from "./McpInspect.ts"

export interface Input extends Here {
  readonly name: string
  readonly paste: boolean
  readonly logout: boolean
  readonly limit: Option.Option<number>
}

const load = Effect.promise(() =>
  Promise.all([import("@parley/mcp/LoginOptions"), import("@parley/mcp/Authorize"), import("@parley/mcp/LoginErrors")])
)

/**
 * Reads a line from a pipe, for scripts that use --paste. This is safe without a person: the line is not a decision, and is
 * accepted only if it contains the secret of this login.
 */
const piped = Effect.acquireUseRelease(
  Effect.sync(() => Lines.open()),
  (lines) => lines.next(""),
  (lines) => Effect.sync(lines.close)
)

/** The address at which the browser ended, typed by a person after the question was shown, or piped in. */
const pasted = (nothing: () => LoginFailed) =>
  Effect.suspend(() => {
    const person = Person.make()
    return person.available ? person.ask(({ read }) => read("> ")) : piped
  }).pipe(Effect.filterOrFail((line) => line !== undefined, nothing))

/** Logs in to one configured server, enabled or not, and stores the login. */
export const auth = Effect.fn("parley mcp auth")(function* (flags: Input) {
  const setup = yield* SetupFlags.load({ workspace: flags.workspace })
  const output = yield* Output
  const server = yield* configured(setup.servers, flags.name)
  if (!("url" in server))
    return yield* new UsageError({
      problem: `${flags.name} is started with a command; only servers with a URL support logins`
    })
  const [McpAuth, { authorize }, Errors] = yield* load
  const redact = serverRedaction(server)
  const trouble = ({ message }: Error) =>
    new ServerTrouble({ reason: "Unreachable", problem: redact(`${flags.name}: ${message}`) })
  const store = McpAuth.directory(ServerPlaces.logins(setup.user, SetupFlags.ownerOf(setup, flags.name)))
  if (flags.logout) {
    const had = yield* Effect.mapError(store.login(server.url).remove, trouble)
    return yield* output.note(
      had ? `The login to ${flags.name} was deleted` : `There is no stored login to ${flags.name}`
    )
  }
  const person = McpAuth.browser({
    env: ProcessInfo.env,
    say: output.note,
    pasteOnly: flags.paste,
    ...(flags.paste || Lines.interactive
      ? {
          paste: Effect.provideService(
            pasted(() => new Errors.LoginFailed({ problem: "no address was pasted" })),
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
  yield* output.note(`Logged in to ${flags.name}; to connect to it: parley mcp inspect ${flags.name}`)
})
