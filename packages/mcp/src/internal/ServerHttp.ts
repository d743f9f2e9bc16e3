import type { HttpServer } from "@parley/domain/McpServerConfig"
import * as Http from "@parley/http/Http"
import { defaultLimits } from "@parley/http/HttpLimits"
import * as Effect from "effect/Effect"
import { lineLimits } from "./MessageLines.ts"

/**
 * How a server is asked. How long it may be silent, and how long a call takes, is for the call to say: a limit here would end
 * one that the user allows more. A stream of events stays open for as long as the server likes.
 */
export const serverHttp = ({ startTimeoutMillis = 0 }: Pick<HttpServer, "startTimeoutMillis">) =>
  Effect.map(Http.Client, (client) =>
    client.within({
      connectMillis: Math.max(defaultLimits.connectMillis, startTimeoutMillis),
      headersMillis: Infinity,
      idleMillis: Infinity,
      totalMillis: Infinity,
      bodyBytes: lineLimits.message
    })
  )
