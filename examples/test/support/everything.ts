import type { ServerRequests } from "@parley/domain/ServerRequests"
import { Effect } from "effect"

const zero = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 }
/** Answers every elicitation with a yes, and sampling requests immediately. */
export const requests: ServerRequests = {
  elicit: (request) =>
    Effect.succeed({ _tag: "Accept", content: request._tag === "Form" ? { name: "Ada", check: true } : {} }),
  sample: ({ messages }) =>
    Effect.succeed({
      _tag: "Answered",
      text: `heard ${messages.length}`,
      model: "test/test",
      stop: "endTurn",
      usage: zero
    })
}

/**
 * Every tool of server-everything, with its input and the result that the model must receive. The tools that can only be
 * called as a task are not included.
 */
export const tools: ReadonlyArray<readonly [string, { readonly [key: string]: unknown }, RegExp]> = [
  ["echo", { message: "hi" }, /^Succeeded: Echo: hi$/],
  ["get-annotated-message", { messageType: "error", includeImage: true }, /Operation failed <image\/png>$/],
  ["get-env", {}, /"PATH"/],
  [
    "get-resource-links",
    { count: 2 },
    /\[link .*<demo:\/\/resource\/dynamic\/blob\/1>.*<demo:\/\/resource\/dynamic\/text/s
  ],
  [
    "get-resource-reference",
    { resourceType: "Text", resourceId: 7 },
    /\[resource <demo:\/\/resource\/dynamic\/text\/7>/
  ],
  ["get-roots-list", {}, /^Succeeded: .*file:\/\/\//s],
  [
    "get-structured-content",
    { location: "New York" },
    /^Succeeded: \{"temperature":33,"conditions":"Cloudy","humidity":82\}$/
  ],
  ["get-sum", { a: 2, b: 40 }, /42/],
  ["get-tiny-image", {}, /<image\/png>$/],
  [
    "gzip-file-as-resource",
    { name: "a.gz", data: "data:text/plain,hello", outputType: "resource" },
    /application\/gzip, \d+ bytes/
  ],
  ["toggle-simulated-logging", {}, /^Succeeded: Started simulated/],
  ["toggle-subscriber-updates", {}, /^Succeeded: Started simulated/],
  ["trigger-long-running-operation", { duration: 1, steps: 4 }, /^Succeeded: Long running operation completed/],
  ["trigger-elicitation-request", {}, /- Name: Ada/],
  ["trigger-url-elicitation", { url: "https://example.org/" }, /completed the URL/],
  ["trigger-sampling-request", { prompt: "hi" }, /heard 1/]
]
