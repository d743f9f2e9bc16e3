import { answered, Broken, get, isObject, list, plainName, type Rules, text, type Value } from "./shape.ts"

const isObjectText = (json: string): boolean => {
  try {
    return isObject(JSON.parse(json))
  } catch {
    return false
  }
}
const isImageUrl = (url: string): boolean => /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*$/.test(url)

const nameOf = (broken: Broken, name: string): void =>
  broken.unless(plainName.test(name), `the name ${name} is not accepted`)
const idOf = (broken: Broken, id: string): void =>
  broken.unless(id.length > 0 && id.length <= 64, `the id ${id} is not accepted`)

/** A chain of calls and results, in which calls that follow each other belong together. */
const turnsOf = (items: ReadonlyArray<{ readonly call?: string; readonly result?: string }>) => {
  const turns: Array<{ calls: Array<string>; results: Array<string> }> = []
  for (const { call, result } of items) {
    const last = turns.at(-1)
    if (result !== undefined) {
      if (last !== undefined && last.calls.length === 0 && last.results.length > 0) last.results.push(result)
      else turns.push({ calls: [], results: [result] })
    } else if (call !== undefined && last !== undefined && last.calls.length > 0) last.calls.push(call)
    else turns.push({ calls: call === undefined ? [] : [call], results: [] })
  }
  return turns
}

/** The rules of OpenAI's Responses API for the input of a request that the API does not store. */
export const responsesRules: Rules = (body, issued) => {
  const broken = new Broken()
  const items = list(body, "input")
  broken.unless(get(body, "store") === false, "the request is stored")
  for (const [i, item] of items.entries()) {
    const type = text(item, "type") || "message"
    if (type === "message") {
      broken.only(item, ["type", "role", "content"], "a message")
      for (const part of list(item, "content")) {
        const kind = text(part, "type")
        broken.unless(kind === "input_text" || kind === "input_image", `content of the type ${kind}`)
        if (kind === "input_image") broken.unless(isImageUrl(text(part, "image_url")), "an image is not accepted")
      }
    } else if (type === "function_call") {
      broken.only(item, ["type", "call_id", "name", "arguments"], "a call")
      idOf(broken, text(item, "call_id"))
      nameOf(broken, text(item, "name"))
      broken.unless(isObjectText(text(item, "arguments")), "the arguments are not an object")
    } else if (type === "reasoning") {
      broken.only(item, ["type", "id", "summary", "encrypted_content"], "reasoning")
      const content = text(item, "encrypted_content")
      broken.unless(issued.includes(content), `reasoning of another model: ${content}`)
      const next = items[i + 1]
      const isFollowed = text(next, "type") === "function_call" || text(next, "role") === "assistant"
      broken.unless(isFollowed, "reasoning is not followed by what it led to")
    } else broken.unless(type === "function_call_output", `an item of the type ${type}`)
  }
  const turns = items.map((item): { readonly call?: string; readonly result?: string } => {
    const type = text(item, "type")
    if (type === "function_call") return { call: text(item, "call_id") }
    return type === "function_call_output" ? { result: text(item, "call_id") } : {}
  })
  // Reasoning may stand between the calls of one response.
  answered(broken, turnsOf(turns.filter((_, i) => text(items[i], "type") !== "reasoning")))
  return broken.rules
}

const chatFields: { readonly [role: string]: ReadonlyArray<string> } = {
  system: ["role", "content"],
  user: ["role", "content"],
  assistant: ["role", "content", "tool_calls"],
  tool: ["role", "content", "tool_call_id"]
}

/** The rules of Chat Completions for the messages of a request. */
export const chatRules: Rules = (body) => {
  const broken = new Broken()
  const messages = list(body, "messages")
  const turns: Array<{ calls: Array<string>; results: Array<string> }> = []
  const one = (message: Value): void => {
    const role = text(message, "role")
    broken.only(message, chatFields[role] ?? [], `a message of ${role}`)
    const calls = list(message, "tool_calls")
    for (const call of calls) {
      idOf(broken, text(call, "id"))
      nameOf(broken, text(call, "function", "name"))
      broken.unless(isObjectText(text(call, "function", "arguments")), "the arguments are not an object")
    }
    if (role === "assistant")
      broken.unless(calls.length > 0 || text(message, "content") !== "", "a message has neither content nor calls")
    for (const part of list(message, "content"))
      if (text(part, "type") === "image_url")
        broken.unless(isImageUrl(text(part, "image_url", "url")), "an image is not accepted")
    const last = turns.at(-1)
    if (role === "tool" && last !== undefined && last.results.length > 0)
      last.results.push(text(message, "tool_call_id"))
    else if (role === "tool") turns.push({ calls: [], results: [text(message, "tool_call_id")] })
    else turns.push({ calls: calls.map((call) => text(call, "id")), results: [] })
  }
  for (const message of messages) one(message)
  answered(broken, turns)
  return broken.rules
}
