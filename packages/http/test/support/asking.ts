import { inspect } from "node:util"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { HttpError } from "../../src/contract/HttpError.ts"
import * as Http from "../../src/Http.ts"

const isHttpError = Schema.is(HttpError)

/** A client whose connections end with the scope. */
export const client = (options: Http.HttpOptions = {}) =>
  Effect.acquireRelease(
    Effect.sync(() => Http.make(options)),
    (client) => Effect.sync(() => client.close())
  )

/** The complete response, or the error that was thrown instead of it or while it was read. */
export const asked = (fetch: Http.Fetch, url: string, init?: RequestInit) =>
  Effect.promise(() =>
    fetch(url, init)
      .then((response) =>
        response.text().then((text) => ({ status: response.status, text, headers: response.headers }))
      )
      .catch((error: unknown) => ({ error }))
  )

export const answered = (fetch: Http.Fetch, url: string, init?: RequestInit) =>
  Effect.map(asked(fetch, url, init), (answer) => {
    if ("error" in answer) throw answer.error
    return answer
  })

/** The error that a request is expected to end with. */
export const failed = (fetch: Http.Fetch, url: string, init?: RequestInit) =>
  Effect.map(asked(fetch, url, init), (answer) => {
    const error = "error" in answer ? answer.error : undefined
    return isHttpError(error) ? error : assert.fail(`there is no HttpError, but ${inspect(answer)}`)
  })
