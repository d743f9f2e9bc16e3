import { answered, Broken, get, imageTypes, isObject, list, plainName, type Rules, text, type Value } from "./shape.ts"

const fields: { readonly [type: string]: ReadonlyArray<string> } = {
  text: ["type", "text", "cache_control"],
  image: ["type", "source", "cache_control"],
  document: ["type", "source", "title", "cache_control"],
  tool_use: ["type", "id", "name", "input", "cache_control"],
  tool_result: ["type", "tool_use_id", "content", "is_error", "cache_control"],
  thinking: ["type", "thinking", "signature"],
  redacted_thinking: ["type", "data"],
  server_tool_use: ["type", "id", "name", "input"]
}
const inAssistant = new Set(["text", "tool_use", "thinking", "redacted_thinking", "server_tool_use"])
const inUser = new Set(["text", "image", "document", "tool_result"])

/** The rules of Anthropic's Messages API for the conversation of a request. */
export const messagesRules: Rules = (body, issued) => {
  const broken = new Broken()
  const messages = list(body, "messages")
  const block = (one: Value, role: string): void => {
    const type = text(one, "type")
    const allowed = role === "user" ? inUser : inAssistant
    broken.unless(allowed.has(type), `a message of ${role} has a block ${type}`)
    broken.only(one, fields[type] ?? [], `a block ${type}`)
    if (type === "text") broken.unless(text(one, "text").trim() !== "", "a text is blank")
    if (type === "thinking")
      broken.unless(issued.includes(text(one, "signature")), `a signature of another model: ${text(one, "signature")}`)
    if (type === "tool_use") {
      broken.unless(/^[a-zA-Z0-9_-]+$/.test(text(one, "id")), `the id ${text(one, "id")} is not accepted`)
      broken.unless(plainName.test(text(one, "name")), `the name ${text(one, "name")} is not accepted`)
      broken.unless(isObject(get(one, "input")), "the input is not an object")
    }
    if (type === "image")
      broken.unless(imageTypes.includes(text(one, "source", "media_type")), "an image has a type that is not accepted")
  }
  broken.unless(text(messages[0], "role") === "user", "the first message is not the user's")
  broken.unless(text(messages.at(-1), "role") === "user", "the last message is not the user's")
  for (const message of messages) {
    const content = list(message, "content")
    broken.unless(content.length > 0, "a message is empty")
    for (const one of content) block(one, text(message, "role"))
    const results = content.findLastIndex((one) => text(one, "type") === "tool_result")
    broken.unless(
      content.slice(0, results + 1).every((one) => text(one, "type") === "tool_result"),
      "content stands before a result"
    )
  }
  answered(
    broken,
    messages.map((message) => ({
      calls: list(message, "content").flatMap((one) => (text(one, "type") === "tool_use" ? [text(one, "id")] : [])),
      results: list(message, "content").flatMap((one) =>
        text(one, "type") === "tool_result" ? [text(one, "tool_use_id")] : []
      )
    }))
  )
  for (const tool of list(body, "tools"))
    broken.unless(plainName.test(text(tool, "name")), "a tool's name is not accepted")
  return broken.rules
}
