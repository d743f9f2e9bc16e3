import * as Http from "@parley/http/Http"
import * as Proxies from "@parley/http/Proxies"
import { Console, Effect } from "effect"

const client = Http.make({
  proxies: Proxies.fromEnvironment({ https_proxy: "http://proxy.example:3128", no_proxy: "localhost" }),
  limits: { bodyBytes: 1024 * 1024 }
})

// `client.fetch` takes what the global `fetch` takes.
Effect.runFork(Console.log(client.isProxied(new URL("https://example.org"))))
