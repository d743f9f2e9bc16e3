import type { FetchLike } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import { plainLine } from "../PlainText.ts"
import type { Login } from "./Authorizer.ts"
import { boundedFetch } from "./BoundedFetch.ts"
import { ServerDown } from "./ChildServer.ts"

/** How either transport over HTTP sends and reads: with the login, or else the configured headers, and within the bounds. `fetch` is for where there is no login. */
export const httpOptions = (
  headers: { readonly [name: string]: string },
  login: Login | undefined,
  fetch: FetchLike
) => ({
  ...(login === undefined ? { requestInit: { headers } } : { authProvider: login.authProvider }),
  fetch: boundedFetch(login?.fetch ?? fetch)
})

/** A transport to an address, which may be none. */
export const transportTo = <A>(url: string, make: (url: URL) => A): Effect.Effect<A, ServerDown> =>
  Effect.try({
    try: () => make(new URL(url)),
    catch: (cause) => new ServerDown({ problem: `the address is not usable: ${plainLine(String(cause))}` })
  })
