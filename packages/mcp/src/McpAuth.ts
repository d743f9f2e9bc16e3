import type { HttpServer } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import type { Person } from "./Authorize.ts"
import { makeAuthorizer } from "./internal/Authorizer.ts"
import { opener, openBrowser } from "./internal/Browser.ts"
import { loginFiles } from "./internal/LoginFiles.ts"
import type { LoginAddress } from "./LoginAddress.ts"
import { LoginFailed } from "./LoginErrors.ts"
import { type LoginStore, memory } from "./LoginStore.ts"

/** Logging in to servers that ask for it. */
export interface AuthOptions {
  /** One for all servers, or one for each name: an address that two servers share then has a login for each store. */
  readonly store: LoginStore | ((server: string) => LoginStore)
  /** Whoever is there to log in while a server starts. Without one, a server that needs that is `needs-auth`. */
  readonly person?: Person | undefined
  /** What a person is told to do about a missing login; "run `parley mcp auth NAME`" when not stated. */
  readonly advice?: ((server: string) => string) | undefined
}

/**
 * Logins in files of a directory, one for each server's address, readable by their owner only. Several processes may use
 * the same directory: tokens are renewed by one of them at a time, and the others take what it has stored.
 */
export const directory = (path: string): LoginStore => loginFiles(path)

/** Logins that end with the process. */
export const inMemory = (): LoginStore => memory()

const runAuth = (server: string): string => `run \`parley mcp auth ${server}\``
const hasOwn = ({ headers }: HttpServer): boolean =>
  Object.keys(headers ?? {}).some((name) => name.toLowerCase() === "authorization")

/** A configured `authorization` header is a login already: nothing is put in its place. */
export const authorizerFor = (name: string, server: HttpServer, auth: AuthOptions | undefined) => {
  if (auth === undefined || hasOwn(server) || !URL.canParse(server.url)) return Effect.undefined
  const store = typeof auth.store === "function" ? auth.store(name) : auth.store
  return makeAuthorizer({ server, store, person: auth.person, advice: (auth.advice ?? runAuth)(name) })
}

export interface BrowserOptions {
  /** Where `BROWSER` and the like are looked up. */
  readonly env: { readonly [name: string]: string | undefined }
  /** Says something to the person. */
  readonly say: (words: string) => Effect.Effect<void>
  /** How the person hands over where the browser ended up; nothing when they cannot. */
  readonly paste?: Effect.Effect<string, LoginFailed> | undefined
  /** Opens no browser: the person does that, on whatever machine. */
  readonly pasteOnly?: boolean | undefined
}

/** A person at this machine. They are shown the address and its host, whether or not a browser could be opened. */
export const browser = (options: BrowserOptions): Person => ({
  show: Effect.fnUntraced(function* (address: LoginAddress) {
    const { paste, pasteOnly, say } = options
    const program = pasteOnly === true ? undefined : opener(options.env)
    yield* say(`To log in at ${address.host}, open ${address.url}`)
    const opened = program !== undefined && (yield* openBrowser(program, address))
    if (opened) return
    if (paste === undefined)
      return yield* new LoginFailed({ problem: "no browser can be opened here: set BROWSER, or paste the answer" })
    yield* say("When the browser has ended up at an address that begins with http://127.0.0.1, paste that here:")
  }),
  paste: options.paste ?? Effect.never
})
