import type { HttpServer } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Person } from "./Authorize.ts"
import { type Authorizer, makeAuthorizer } from "./Authorizer.ts"
import { opener, openBrowser } from "./WebBrowser.ts"
import { loginFiles } from "./LoginFiles.ts"
import type { LoginAddress } from "./LoginAddress.ts"
import { LoginFailed } from "../sdk/LoginErrors.ts"
import { type LoginStore, memory } from "./LoginStore.ts"

/**
 * Options for logging in to servers that require it.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthOptions {
  /**
   * One store for all servers, or a store for each server name. In the latter case, two servers with the same address have
   * separate logins.
   */
  readonly store: LoginStore | ((server: string) => LoginStore)
  /** The user who can log in while a server starts. If absent, a server that requires a login becomes `needs-auth`. */
  readonly person?: Person | undefined
  /** What the user should do about a missing login, as the end of a sentence; "log in to it" by default. */
  readonly advice?: ((server: string) => string) | undefined
}

/**
 * Stores logins in files of a directory, one for each server's address, readable only by their owner. Several processes may
 * use the same directory: one of them at a time renews tokens, and the others use the tokens that it stored.
 *
 * @since 0.1.0
 * @category functions
 */
export const directory = (path: string): LoginStore => loginFiles(path)

/**
 * Stores logins in memory, until the process ends.
 *
 * @since 0.1.0
 * @category functions
 */
export const inMemory = (): LoginStore => memory()

const hasOwn = ({ headers }: HttpServer): boolean =>
  Object.keys(headers ?? {}).some((name) => name.toLowerCase() === "authorization")

/**
 * The login for a server; `undefined` without `auth`, for an invalid address, or if the configuration has an `authorization`
 * header, which is a login already.
 *
 * @since 0.1.0
 * @category functions
 */
export const authorizerFor = (
  name: string,
  server: HttpServer,
  auth: AuthOptions | undefined
): Effect.Effect<Authorizer | undefined, never, Scope.Scope> => {
  if (auth === undefined || hasOwn(server) || !URL.canParse(server.url)) return Effect.undefined
  const store = typeof auth.store === "function" ? auth.store(name) : auth.store
  return makeAuthorizer({ server, store, person: auth.person, advice: auth.advice?.(name) ?? "log in to it" })
}

/**
 * What a login with a browser needs of the host.
 *
 * @since 0.1.0
 * @category models
 */
export interface BrowserOptions {
  /** The environment, for `BROWSER`, `DISPLAY` and `WAYLAND_DISPLAY`. */
  readonly env: { readonly [name: string]: string | undefined }
  /** Shows a line of text to the person. */
  readonly say: (words: string) => Effect.Effect<void>
  /** Reads the address that the browser was redirected to, as pasted by the person. Absent if nothing can be pasted. */
  readonly paste?: Effect.Effect<string, LoginFailed> | undefined
  /** Does not open a browser: the person opens the address, possibly on another machine. */
  readonly pasteOnly?: boolean | undefined
}

/**
 * A person at this machine, who is shown the address and its host whether or not a browser could be opened.
 *
 * @since 0.1.0
 * @category functions
 */
export const browser = (options: BrowserOptions): Person => ({
  show: Effect.fnUntraced(function* (address: LoginAddress) {
    const { paste, pasteOnly, say } = options
    const program = pasteOnly === true ? undefined : opener(options.env)
    yield* say(`To log in at ${address.host}, open ${address.url}`)
    const opened = program !== undefined && (yield* openBrowser(program, address))
    if (opened) return
    if (paste === undefined)
      return yield* new LoginFailed({
        problem:
          "no browser can be opened here: set BROWSER to a program that opens addresses, or log in elsewhere and paste " +
          "the final address (`parley mcp auth NAME --paste`)"
      })
    yield* say(
      "After you have logged in, the browser shows an address that begins with http://127.0.0.1. Paste it here:"
    )
  }),
  paste: options.paste ?? Effect.never
})
