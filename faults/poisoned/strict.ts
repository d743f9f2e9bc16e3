import { createServer } from "node:http"
import { Effect, Schema } from "effect"
import { breaksRules } from "../support/post.ts"
import { answer, apiError } from "../../packages/harness/src/provider/wire.ts"
import { listening } from "../../packages/harness/src/provider/listening.ts"

/** The rules of the API on the shape of blocks, in addition to their order. */
const Block = Schema.StructWithRest(Schema.Struct({ type: Schema.String }), [Schema.Record(Schema.String, Schema.Json)])
const Body = Schema.fromJsonString(
  Schema.Struct({ messages: Schema.Array(Schema.Struct({ role: Schema.String, content: Schema.Array(Block) })) })
)
const decode = Schema.decodeUnknownSync(Body)

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)
const nonEmpty = (value: unknown): boolean => typeof value === "string" && value !== ""
const matches = (pattern: RegExp, value: unknown): boolean => typeof value === "string" && pattern.test(value)
const base64 = /^[A-Za-z0-9+/]+={0,2}$/

const wrong = (role: string, { type, ...block }: typeof Block.Type): string | undefined => {
  switch (type) {
    case "text":
      return nonEmpty(block["text"]) ? undefined : "text is empty"
    case "thinking":
      return nonEmpty(block["signature"]) && role === "assistant" ? undefined : "thinking has no signature"
    case "tool_use":
      if (!isObject(block["input"])) return "tool_use.input is no object"
      return matches(/^[\w-]{1,64}$/, block["name"]) && matches(/^[\w-]+$/, block["id"])
        ? undefined
        : "tool_use is misnamed"
    case "image":
    case "document": {
      if (role !== "user") return `${type} is not the user's`
      const source = Schema.decodeUnknownSync(Schema.Record(Schema.String, Schema.String))(block["source"])
      return source["type"] === "text" || base64.test(source["data"] ?? "") ? undefined : `${type} is no base64`
    }
    case "tool_result": {
      const content = Schema.decodeUnknownSync(Schema.Array(Block))(block["content"] ?? [])
      return content.flatMap((part) => wrong("user", part) ?? [])[0]
    }
    default:
      return `${type} is unknown`
  }
}

export interface Strict {
  readonly url: string
  readonly bodies: ReadonlyArray<string>
  readonly broken: ReadonlyArray<string>
}

/** A Messages API that refuses illegal requests with status 400, and answers all others. */
export const strict = Effect.gen(function* () {
  const bodies: Array<string> = []
  const broken: Array<string> = []
  const server = createServer((request, response) => {
    const parts: Array<Buffer> = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.on("end", () => {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts))
      bodies.push(text)
      const shapes = decode(text).messages.flatMap(({ content, role }) =>
        content.flatMap((block) => wrong(role, block) ?? [])
      )
      const escaped = /(?<!\\)(\\\\)*\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])/i.test(text) ? ["a lone surrogate"] : []
      const found = [...breaksRules([text]), ...shapes, ...escaped]
      broken.push(...found)
      if (found.length === 0) {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.end(answer("All is well."))
      } else {
        response.writeHead(400, { "content-type": "application/json" })
        response.end(apiError("invalid_request_error", found.join("; ")))
      }
    })
  })
  return { url: `http://127.0.0.1:${yield* listening(server)}`, bodies, broken } satisfies Strict
})
